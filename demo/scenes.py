"""What happens on stream, and what is said about it: scenes of a few minutes, and moments of hype.

The lines use the grammar of ``vocabulary``; ``{topic}`` is what the scene is about (one boss, one dish).
"""

from __future__ import annotations

from typing import NamedTuple

from demo.vocabulary import RAID_WELCOMES


class Scene(NamedTuple):
    """What happens on stream for a few minutes, and what a chat has to say about it."""

    topics: tuple[str, ...]
    lines: tuple[str, ...]


BOSS = Scene(
    ("the Ashen Bishop", "Moth Queen", "Sir Pelham", "the Twin Lanterns", "Old Gravel", "the Clockwork Stag"),
    (
        "{watch|careful with|don't trust} the {left|right} {arm|side|swing}",
        "{dodge|roll|jump} {INTO|through|away from} the {slam|sweep|fire}",
        "phase {2|3} {incoming|music goes SO hard|is where runs go to die}",
        "{topic} {is built different|has no chill|woke up and chose violence|needs a hug honestly}",
        "{he|she|it} has {one hit|like 2%|a pixel of health} left {monkaS|omg|DON'T GET GREEDY}",
        "greed {kills|is a choice|got us again} KEKW",
        "{heal|HEAL|drink the potion} {please|now|I beg you}",
        "that {parry|dodge|roll} was {clean|filthy|illegal|art|museum quality}",
        "how did that {hit|not hit|even connect}",
        "hitbox the size of {Portugal|a barn|my student loans}",
        "attempt {12|17|23|31|40} is the one, I can feel it",
        "I {beat|fought|lost to} {topic} {with a ladle|on a dance mat|last night}, {you got this|trust me|never again}",
        "{topic} in real life: also terrifying",
        "you're panicking a bit, {breathe|which is fair|same}",
        "is it me or {does {topic} limp|is the arena smaller|is the music faster} now",
        "{one more|just one more|okay last} try {we said an hour ago|Kappa|and then dinner}",
        "stamina!! {watch it|STAMINA|the green bar}",
        "the {cape|hat|helmet} is doing all the work",
        "{so|SO} {close|unlucky|nearly}",
        "not the {grab|grab attack|foot} {again|noooo|monkaS}",
    ),
)
EXPLORE = Scene(
    ("the mire", "the bell tower", "that library", "the sunken village", "the mushroom cave", "the lighthouse"),
    (
        "there's a {chest|ladder|hole|suspicious wall} {behind you|on the left|up there|under the stairs}",
        "{hit|smack|kiss} the wall, {it sounds hollow|trust|for science}",
        "we've been {here|past this statue|at this door} {twice|three times|all evening} LUL",
        "{left|right|down|up}",
        "{go back|turn around|wait}, you missed {the item|a door|the frog|something shiny}",
        "I would simply never enter {topic}",
        "{topic} looks {gorgeous|so good|like my basement|haunted, love it}",
        "the {lighting|fog|sound design|water} in this game {wow|is unreal|deserves awards}",
        "is that a {frog|dragon|tax collector|chair}?",
        "sense of direction: {none|optional|we don't do that here}",
        "{map|MAP|there is a map button} {just saying|Kappa|lena please}",
        "small detour = {40 minutes|a lifestyle|the whole stream} Kappa",
        "don't {jump|touch it|trust the bridge} {monkaS|please|we've been through this}",
        "{topic} music stuck in my head for {days|weeks} now catJAM",
        "trap. {calling it|100%|it's always a trap}",
        "fall damage {has entered the chat|is a myth, try it|speedrun}",
        "okay that view {is a wallpaper|though|WOW}",
        "secret {room|passage} in {topic}, not saying where",
        "{she|lena} has never met a {cliff|corner|ledge} she didn't like",
    ),
)
LOOT = Scene(
    ("the Sad Trumpet", "a soup spear", "the +3 ladle", "the Moon Hat", "that crab shield", "the Bishop's slippers"),
    (
        "{equip|wear|try} {topic} {coward|please|do it for chat}",
        "{topic} is {S tier|secretly broken|the best item, no notes|fashion first}",
        "{sell|keep|eat} it",
        "you have {47|63|112} {mushrooms|potions|keys} and use none of them",
        "hoarder {gang|behaviour|speedrun} {rise up|and I respect it|LUL}",
        "read the {description|lore} pls",
        "fashion > stats, {always|every time|that's the law}",
        "inventory {tetris|management arc|is a cry for help}",
        "strength build {when|enjoyers|unite}",
        "the {hat|cape} {stays ON|slaps|completes the outfit}",
        "{upgrade|level} {vigor|the ladle|anything but luck} {please|I'm begging}",
        "that's {worse|better|just a spoon}... {right?|I think?|sell it}",
        "{drip|outfit} check {10/10|passed|immaculate}",
        "ok but {topic} with the {crown|pajamas} PogChamp",
        "weight limit says {no|hello|fat roll time}",
        "chat would have {sold|dropped|worn} it {already|instantly} Kappa",
    ),
)
CREEP = Scene(
    ("room 9", "the nursery", "the basement", "the night nurse", "that mirror", "the elevator"),
    (
        "{nope|NOPE|nah|absolutely not}",
        "don't {open it|look|go in|turn around} {monkaS|please|I'm serious}",
        "did you {hear|see} that??",
        "{behind you|BEHIND YOU|check behind you} {jk|Kappa|...maybe}",
        "{topic} {again??|is cursed|can stay closed|no thank you}",
        "I'm watching through {my fingers|a blanket|one eye|my mug}",
        "turned the {lights on|sound down|chair to the wall}, no regrets",
        "why is it so {quiet|dark|wet} in here",
        "{battery|flashlight} at {4|6|9}% {monkaS|of course|love that for us}",
        "{run|RUN|hide|crouch}",
        "the {footsteps|breathing|humming} {wasn't you|STOP|who is that}",
        "my {dog|cat|flatmate} {left the room|is hiding too|just jumped}",
        "safe room {music|please|when}",
        "you saved, right? ... right?",
        "that {doll|chair|wheelchair} {moved|was not there before|I saw it}",
        "horror at this hour, {great idea|bold|who needs sleep}",
        "headphones were a {mistake|choice}",
        "if {topic} {blinks|moves|hums} I'm out",
    ),
)
PUZZLE = Scene(
    ("the piano", "the fuse box", "the statues", "the colour locks", "the clock", "the mirrors"),
    (
        "the note said {blue first|four, two, seven|when the clock stops|follow the moths}",
        "{4|2|7|9} {then|, then} {1|3|8|6}?",
        "5Head {moment|incoming|she's cooking}",
        "let her {cook|think|read}",
        "I {know|solved} it but {I'm being good|no backseating, right|I'll suffer quietly}",
        "brain.exe {has stopped|rebooting|not found} KEKW",
        "try {topic} {again|backwards|with the key|louder}",
        "it's {always|never} {the third one|the red one|moths}",
        "we are {six|eight|so many} adults and nobody can do {topic}",
        "{topic} was made by someone who {hates us|loves clocks|needs sleep}",
        "chat {has no idea either|is split 50/50|is zero help today} LUL",
        "read it {again|slower|out loud} pls",
        "ohhh {wait|hold on|I get it}",
        "{warmer|colder|freezing|hot hot hot}",
        "she's overthinking {topic}, {love it|classic|me in every exam}",
        "just brute force {it|{topic}} {Kappa|like a real engineer|I would}",
    ),
)
FARM = Scene(
    ("the turnips", "the blueberry field", "Gerald the goose", "the new barn", "that scarecrow", "the beehives"),
    (
        "{water|harvest|name} {topic}",
        "GERALD {PogChamp|my king|no|is judging us}",
        "{topic} {deserves better|looks happy|is thriving, unlike me}",
        "this game lowers my {heart rate|rent|taxes}",
        "plant {more|only} {pumpkins|corn|blueberries}, {money|trust|it's meta}",
        "{rainy|spring|autumn} day in game, {same here|perfect|so cozy}",
        "I {came|stayed} for the {farming|geese|music} catJAM",
        "marry {the baker|the lighthouse keeper|nobody, more turnips}",
        "{one|just one} more day {and then bed|we say|Kappa}",
        "stop {chopping|watering|petting}, {shop closes|it's 2am in game|you'll pass out}",
        "the goose {stole|ate|sat on} {it|the key|the turnip} KEKW",
        "put {the bench|{topic}|a lantern} {there|next to the pond|by the tree}",
        "profit this week: {12 coins|negative|vibes}",
        "{cozy|comfy} {stream|evening|chat} lenaLove",
        "that fence is {crooked|so crooked|art}",
        "I {have|need} that {wallpaper|lamp|hat} in real life",
    ),
)
FISHING = Scene(
    ("the legendary carp", "a boot", "the moon eel", "that grumpy pike", "the golden crab"),
    (
        "{reel|REEL|pull} {it|now|NOW}",
        "it's {a boot|always a boot|{topic}|a chair somehow}",
        "{topic} or we {riot|stay|log off}",
        "patience, {they said|chat|young one}",
        "fishing minigame {enjoyer|hater|respecter} {here|reporting in}",
        "the line!! {the LINE|watch it|snapped}",
        "wait for the {splash|third bubble|exclamation mark}",
        "{47|23|9} {boots|cans} and counting LUL",
        "sell {the fish|{topic}}, buy {a bigger boat|a hat}",
        "night fish only {bite|come} {when it rains|past ten}, I read",
        "I could watch {this|fishing} for {hours|ever}",
        "so {close|slippery|rude}",
    ),
)
RACE = Scene(
    ("turn four", "the harbor chicane", "the tunnel", "the last hairpin", "that roundabout"),
    (
        "{brake|BRAKE|brakes exist} {before|at} {topic}",
        "{topic} {again KEKW|is cursed|got her}",
        "inside {line|LINE} {open|now|please}",
        "she's {drafting|drifting|flying|parking}",
        "{P3|P5|P2|P1} {let's go|hold it|with two laps left}",
        "brakes? {never heard of them|optional|decorative}",
        "the wall {is a racing line|said hi|is just a suggestion}",
        "save the nitro for {the straight|{topic}|never, use it NOW}",
        "clean {lap|overtake|air} {finally|wow|EZ}",
        "purple sector PogChamp",
        "who {taught|licensed} the AI {to drive|like this}",
        "that bus {came out of nowhere|had right of way|KEKW}",
        "controller or {wheel|keyboard}? {impressive|respect|explains a lot}",
        "{0.2|0.4|0.08} seconds {!!|off|behind}",
        "soundtrack catJAM catJAM",
        "the {paint job|engine sound|spoiler} is {worth|at least} ten horsepower",
    ),
)
CAT = Scene(
    ("Miso",),
    (
        "MISO {lenaLove|spotted|on camera|PogChamp}",
        "{tail|ears|paw} in frame {alert|!!|10/10}",
        "cat > game, {sorry|no contest|always}",
        "{give|feed} Miso {a snack|treats|control of the stream}",
        "Miso has {better aim|more followers than me|opinions}",
        "the cat {pressed pause|typed that|is the real streamer} KEKW",
        "{pet|boop} {her|the cat} {for me|please|immediately}",
        "my {cat|dog} is {staring at the screen|jealous|meowing back}",
        "Miso {walk|keyboard|keyboard solo} catJAM",
        "how old is she {again|now}? {so tiny|still baby}",
        "Miso cam {full screen|when|pls}",
        "she sat on the {keyboard|notes|mic}, {it's hers now|rules are rules}",
    ),
)
FOOD = Scene(
    ("ramen", "pancakes", "lasagne", "tacos", "dumplings", "grilled cheese", "shakshuka"),
    (
        "now I want {topic}",
        "{topic} at this hour, {respect|say less|bold}",
        "recipe {pls|when|in discord?}",
        "my {grandma|dad|roommate} makes {topic} with {way too much garlic|love|pineapple, sorry}",
        "pineapple {yes|no|is a war crime (affectionate)}",
        "{eating|making} {topic} right now {no joke|lenaSnack|and it shows}",
        "{tea|coffee|water} {check|break|reminder} everyone",
        "{crunchy|soft} {topic} gang",
        "{topic} is {a breakfast|a soup|a sandwich}, fight me nicely",
        "just {ordered|burned} mine {thanks lena|Sadge|worth it}",
        "what's everyone {having|snacking on}? {toast here|soup here|I have one grape}",
        "hot sauce {or nothing|on everything|tier list when}",
        "{chat|we} {hungry|is always hungry} lenaSnack",
    ),
)
TECH = Scene(
    ("the mic", "the frame rate", "the capture card", "the audio", "OBS"),
    (
        "{topic} {sounds|looks} {fine|crispy|a bit off} {here|for me|on mobile}",
        "have you tried {turning it off and on|asking it nicely|a stern look}",
        "{lag|stutter|robot voice} {for anyone else?|on my end|gone now}",
        "refresh {fixed it|helped|, chat}",
        "{1080p|mobile|potato wifi} {gang|here}, all good",
        "it's always {topic}",
        "{F5|blow on the cable|sacrifice a goose}",
        "unmuted? {yes|oh good|we heard everything Kappa}",
        "the {hamsters|cables|drivers} need {a break|a snack|love}",
        "works on my machine {Kappa|™}",
        "{dropped|lost} like {3|40} frames, {survivable|we move}",
    ),
)
POLL = Scene(
    ("left or right", "red or blue", "sneak or fight", "stairs or window", "trust the wizard"),
    (
        "{1|2}",
        "{1|2} {obviously|for the content|no regrets|and don't look back}",
        "{topic}?? {both|neither|flip a coin|the second one}",
        "chat voted {chaos|poorly|with its heart} LUL",
        "{democracy|this poll} was a mistake",
        "whatever {@} says, do the opposite",
        "I voted {1|2} and {I'm sorry|I'd do it again}",
        "never trust {the wizard|chat|me}",
        "51 to 49 monkaS",
        "{recount|RIGGED Kappa|the people have spoken}",
        "2 is {a trap|free loot|how my last run ended}",
    ),
)
WEEKEND = Scene(
    ("this weekend", "tomorrow", "on Friday", "next week"),
    (
        "{topic}? {hiking|sleeping|cleaning, allegedly|nothing, finally}",
        "work was {long|a lot|mostly meetings}, {this helps|glad to be here|hi}",
        "anyone {else|here} {studying|cooking|folding laundry} to this?",
        "{exam|shift|dentist} {topic}, wish me luck",
        "moved {flats|desks|a couch} today, {arms are jelly|send snacks|never again}",
        "it's {snowing|raining|so hot} here",
        "{love|needed} this {vibe|chill bit|talk} tbh",
        "{gym|bed|the dishes} can wait",
        "got {the job|my driving licence|a plant}!! {celebrating here|lenaHype|wanted to tell someone}",
        "{grats|congrats|so happy for you} {@}",
        "what are you all {reading|playing|listening to} lately",
        "plans {topic}: {this|naps|more this}",
        "my {sister|boss|kid} is watching too, {say hi|she says hi|hi boss}",
        "been here since {the 40 viewer days|the blurry webcam|Miso was tiny}",
    ),
)

GAMES: dict[str, tuple[Scene, ...]] = {
    "Emberfall": (BOSS, EXPLORE, BOSS, LOOT),
    "Ward Nine": (CREEP, PUZZLE, CREEP, EXPLORE),
    "Tiny Harbor": (FARM, FISHING, FARM, LOOT),
    "Skyline Drift": (RACE, RACE, TECH),
}
INTERLUDES = (CAT, FOOD, TECH, POLL, WEEKEND)


class Hype(NamedTuple):
    """A moment that makes everybody type at once: its word, the emotes, and other things that are shouted."""

    word: str
    emotes: tuple[str, ...]
    lines: tuple[str, ...]


CLUTCH = Hype(
    "CLUTCH",
    ("PogChamp", "lenaHype", "EZ", "Clap"),
    (
        "{LETS|LET'S} {GO|GOO|GOOOO|GOOOOO}{|!!| PogChamp}",
        "{NO|NOOO} {WAY|WAYYY|WAY SHE DID IT}",
        "ONE {HP|PIXEL|HIT LEFT}{|!!|??}",
        "{SHE|LENA} {DID IT|IS INSANE|IS COOKED... NO WAIT}",
        "{I'M SCREAMING|woke up the neighbours|MY HEART|my tea is everywhere}",
        "{CLIP IT|CLIP THAT|someone PLEASE clip|clipped it}",
        "{actual goosebumps|hands shaking|never doubted Kappa}",
    ),
)
VICTORY = Hype(
    "LETSGO",
    ("PogChamp", "lenaGG", "lenaHype", "Clap"),
    (
        "{GG|GGGG|GG WP|ggs}{|!!| lenaGG}",
        "{FINALLY|AFTER ALL THAT|attempt 40 was the one}{|!!}",
        "{P1|WE WON|SHE WON|BOSS DOWN}{|!!| PogChamp}",
        "{dancing in my kitchen|crying real tears|neighbours sorry}",
        "W {streamer|run|evening}{| Clap}",
    ),
)
SCARE = Hype(
    "AAAAAA",
    ("monkaS", "WutFace", "lenaSpook"),
    (
        "{NOPE|nope nope nope|NO THANKS|I QUIT}",
        "{MY HEART|my soul left|spilled my tea|I threw my phone}",
        "{WHO PUT THAT THERE|WHAT WAS THAT|HER SCREAM}{| KEKW|??}",
        "{mum came to check on me|cat left the building|headphones OFF}",
        "{CLIP IT|clip her face|THE CHAIR}",
    ),
)
FAIL = Hype(
    "KEKW",
    ("KEKW", "LUL"),
    (
        "{SHE FELL|OFF THE EDGE|INTO THE LAKE|RIGHT INTO THE WALL}{|??| LUL}",
        "{HAHAHA|HAHAHAHA|I can't|I'm crying|STOP}",
        "{the confidence|the silence after|and she said 'easy'}{| LUL}",
        "{F|FFFF|rip|gone but not forgotten}",
        "{CLIP IT|clip clip clip|new intro please}",
    ),
)
CAT_ATTACK = Hype(
    "MISO",
    ("lenaLove", "catJAM", "KEKW"),
    (
        "{THE CAT|CAT WINS|she pressed PAUSE|MISO NO|MISO YES}{|!!| KEKW}",
        "{promote her|employee of the month|new main character}",
        "{all hail|protect|feed} {Miso|the queen}",
        "{CLIP IT|best stream ever|I came for this}",
    ),
)
RAID_HYPE = Hype("RAID", ("HeyGuys", "lenaHi", "lenaHype", "lenaLove"), RAID_WELCOMES)
HYPE_OF: dict[str, tuple[Hype, ...]] = {
    "Emberfall": (CLUTCH, VICTORY, FAIL, CLUTCH, CAT_ATTACK),
    "Ward Nine": (SCARE, SCARE, FAIL, CAT_ATTACK),
    "Tiny Harbor": (CAT_ATTACK, FAIL, VICTORY),
    "Skyline Drift": (CLUTCH, FAIL, VICTORY),
}
