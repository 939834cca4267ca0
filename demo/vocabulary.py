"""What the demo's people say whatever is on: greetings, reactions, questions, thanks, in many tongues.

``{a|b|c}`` stands for any one of its alternatives, ``{@}`` for the name of somebody who spoke lately, ``{game}`` for
what is played, ``{from}`` for the raiding channel. Everything here is invented, friendly and safe to show to anybody.
"""

from __future__ import annotations

from typing import NamedTuple

EMOTES = ("PogChamp", "LUL", "Kappa", "KEKW", "catJAM", "monkaS", "EZ", "5Head", "Sadge", "HeyGuys", "WutFace", "Clap")
CHANNEL_EMOTES = ("lenaHi", "lenaHype", "lenaLove", "lenaGG", "lenaSnack", "lenaSpook")
EMOJI = ("😂", "🔥", "❤️", "😭", "👏", "💀", "🥹", "✨", "🙏", "😎", "🤣", "👀", "🫶", "💜", "🐈")

REACTIONS = (
    "{lol|lmao|LUL|haha|hahaha|😂}",
    "{no way|NO WAY|noooo|WHAT|excuse me??}",
    "{nice|nicee|clean|smooth|sheesh}",
    "{true|real|facts|so true|valid}",
    "{same|literally me|me every monday}",
    "{rip|F|oof|unlucky|pain}",
    "{W|big W|huge|massive W}",
    "{clip it|CLIP THAT|someone clip that|clipped}",
    "{wait what|huh|hm?|I looked away for ONE second}",
    "{trust the process|we're so back|it's so over|we take those}",
    "{skill issue (mine)|I would have cried|my hands are sweating}",
    "{aww|love that|wholesome|my heart}",
    "that was {smooth|painful|beautiful|something|personal}",
    "{10/10|7/10|11/10} {no notes|would watch again|would panic again}",
    "{you got this|we believe|believe}",
    "this {chat|stream|run} is {unhinged|a gem|my comfort show}",
    "{can't believe|how is it that} it {worked|worked twice}",
    "{okay|ok} {that was good|I'm invested|who taught you that|I laughed}",
    "pls {never change|more of this|hydrate}",
    "{the timing|the confidence|the silence|that face} KEKW",
    "{brb|back, what did I miss|back, tea acquired|back, dog let in|sorry, phone call, what happened}",
)
BANTER = (
    "{@} {lol|lmao|stop|you're not wrong|too real}",
    "{@} {said what we all thought|knows|gets it}",
    "{@} {hi!!|long time no see|how was the {exam|trip|move}?|how's the cat}",
    "{agree with {@}|what {@} said|{@} +1}",
    "{@} {no backseating|let her cook|patience} {lol|pls|Kappa}",
    "{@} {W take|hot take|respectfully no|I'm telling your mum}",
    "{@} {same here|me too|took me forty tries}",
    "{blame|it was} {@} {Kappa|as always|I saw it}",
    "{@} {proud of you|big brain|you okay? lol}",
)
QUESTIONS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("what {game|game is this|are we playing}?", ("{game}, {out since spring|it's so good|she's loving it}", "{game}")),
    ("is this {her first run|blind}?", ("yep, {no spoilers pls|totally blind|first time}", "first run, be nice")),
    ("how long {has she been|have we been} live?", ("{almost two|over an} hour{| I think| already}", "a while lol")),
    ("what {mic|camera|keyboard} is that?", ("it's on the about page", "{type|see} !gear", "see the panel below")),
    ("{when|how often} does she stream?", ("most evenings, {schedule below|around eight}", "4–5 times a week")),
    ("what's the cat called?", ("Miso!", "Miso, {queen|CEO|chief of everything}")),
    ("did I miss {the boss|anything|the raid}?", ("{nope|not yet|just in time}", "{only a little|check the clips}")),
    ("difficulty?", ("hard, {because chat said so|she has regrets}", "{hard|hardest} Sadge")),
    ("song name?", ("{lofi list|playlist} in the panels", "{Night Ferry|Paper Boats} I think", "Darude – Kappa")),
    ("{pc or console|is this on pc}?", ("pc", "pc, {controller though|ultrawide}")),
    ("how many {deaths|tries} so far?", ("yes", "{14|22|38}, {but who's counting|all of them personal}")),
    ("is there a discord?", ("yes, {link below|come say hi|panel under the stream}",)),
)  # fmt: skip
GREETINGS = (
    "{hi|hey|hello|hiya|heyy|yo} {chat|everyone|lena|all|friends|gang}{|!| HeyGuys| lenaHi| :)}",
    "good {evening|evening everyone|to be here}{| lenaHi|!}",
    "{made it|finally home|just got off work|here with snacks}{|, what's up|, hi all|, what did I miss}",
    "{evening|heya} {@}{| and chat|!}",
    "{what did I miss|how's it going}{|, chat|?}",
    "{pizza in hand|tea in hand|blanket on}, let's go",
)
FIRST_LINES = (
    "hi from {Lisbon|Oslo|Leipzig|Manila|Porto|Toronto|Kraków|Nairobi|Seoul|Bogotá|Ghent|Auckland|Izmir|Pune|Graz}!",
    "first time here, {love the vibe|hi!|what's going on|looks fun|chat seems nice}",
    "found you {through a clip|on the front page|by accident, staying|thanks to my sister}",
    "{hello|hi}, {new here|long time lurker, first message|first live I catch}",
    "{never seen this game|just bought this game}, {looks great|any tips?|is it hard?}",
    "{ok this is fun|okay followed|alright I'm staying}",
    "been lurking for {weeks|a month|an hour}, {hi|time to say hi|finally made an account}",
)
WELCOMES = (
    "welcome {@}{| lenaHi|!| HeyGuys|, grab a snack}",
    "{@} {welcome in|hey, glad you're here|hi! you picked a good night}",
    "a new {face|friend}! {hi|welcome} {@}",
)
GOODBYES = (
    "{gn|good night|nini} {chat|everyone|all|lena}{|!| lenaLove| 💜}",
    "{thanks for|ty for|loved} the stream{|!| lenaLove|, needed that}",
    "{see you|cya} {tomorrow|next time|friday|soon}{|!| HeyGuys}",
    "already over?? {Sadge|time flies|one more boss Kappa}",
    "{great|lovely|unhinged} stream {as always|today|tonight}",
    "{who are we raiding|where to next}?",
    "{bed|sleep} {time|for me}, {gn|bye all}",
)
LURKS = (
    "{lurking|lurk mode|in the background} {while I cook|at work, shh|with headphones}",
    "{dinner|dog walk|call}, {brb|back in ten}",
)
ACTIONS = (
    "hides behind {the couch|the mods|@anouk|a very small plant}",
    "hands {@} {a snack|a blanket|the good ladle}",
    "{dances|does a little dance|air guitars} catJAM",
    "{pets|salutes|bows to} Miso",
    "{slides tea across the table to|high-fives|stares at} {@}",
    "{sharpens ladle|puts on clown nose|takes notes|boils soup}",
)
MOD_LINES = (
    "reminder: {no spoilers|be kind|drink some water|no backseating unless she asks}",
    "{schedule|discord|clips} {link is|are} in the panels below",
    "{@} {we keep it spoiler free|all good|sorted}, thanks!",
    "clips of tonight go in #clips, {the goose one is mandatory|be fast}",
)
STREAMER_LINES = (
    "you are all {terrible|wonderful} navigators",
    "{brb two minutes, water|tea break, be nice to Miso|I heard that}",
    "I READ THAT {@}",
    "thank you for being here tonight 💜",
    "no spoilers, I will cry",
)
THANKS_RAID = ("THANK YOU {from} 💜 welcome raiders!!", "hello raiders of {from}!! make yourselves at home")
THANKS_SUB = ("{thank you|ty|omg} {@} 💜", "{@} {you legend|thank youuu|that means a lot}!!")
SUB_REACTIONS = (
    "{welcome to|new face in} the {crew|snack club|goose gang} {@}{| lenaHype|!}",
    "{@} {PogChamp|lenaHype|W|LETS GO}",
    "lenaHype lenaHype",
    "grats {@}",
)
RESUB_REACTIONS = (
    "{@} {that's loyalty|still here, love it|W|lenaHype|respect}",
    "{happy|congrats on the} {sub birthday|anniversary} {@}",
    "{look at|that badge} {@} {go|lenaLove|Clap}",
    "lenaLove lenaLove",
)
BOMB_REACTIONS = (
    "{@} {dropping presents|carrying the economy|is a legend|what a hero}",
    "ty {@}{|!!| lenaLove| for the sub}",
    "{dodged|I dodged} it again {Sadge|KEKW|as always}",
    "{gifted gang|SANTA|W {@}}",
    "lenaHype lenaHype lenaHype",
)
RESUB_LINES = (
    "{best|coziest} {chat|corner} on the internet",
    "time flies when {the goose is watching|you fail turn four|nobody reads the map}",
    "{another|one more} month of {bad navigation|snacks|chaos}, {happy to be here|worth it}",
    "for Miso's snack fund",
    "still {here|lost|waiting for the ladle run} lenaLove",
    "{thank you|thanks} for a {rough|long} week's best hours",
    "do I get a {hat|goose} now",
    "can't believe it's been this long, {say hi to Miso|hi mum}",
)
CHEER_LINES = (
    "for the {goose|cat|potion fund|new mouse}",
    "take my {bits|money|allowance} and {heal|breathe|hydrate}",
    "that was worth it",
    "buy Miso a {snack|throne|tiny hat}",
    "{hydration|posture|ladle} check",
)
RAIDER_LINES = (
    "{from} {raid|RAID}{|!!|!| HeyGuys| 💜| PogChamp}",
    "{hi|hello} from {from}'s {stream|chat}{|!| 👋}",
    "{from} sent us{|!|, what are we watching|, hi lena| 💜}",
    "{RAID|raid} {hype|HYPE|time|!!}",
    "just arrived, {what game is this|what's happening|love the overlay|cute cat}",
)
RAID_WELCOMES = (
    "welcome raiders{|!| lenaHi| HeyGuys| lenaLove lenaLove| make yourselves at home}",
    "{hi|hello|hey} raiders {lenaHi|lenaHype|HeyGuys|💜}",
    "{from} {is the best|my beloved|W|great stream btw}",
    "lenaHi lenaHi lenaHi",
    "everyone {look busy|act normal|sit straight} we have guests LUL",
)
SPOILERS = (
    "the wizard is actually the goose's brother btw",
    "in the next room the floor falls down fyi",
    "the code is behind the painting, just use it",
)
ADVERTS = (
    "Best viewers and followers only at big-views.example ! type FAST",
    "I make logo and overlay for cheap, look at logo4u.example",
    "FREE gift cards here >>> cards-now.example <<<",
    "hello dear streamer grow your channel grow-quick.example",
)
SPAM_REACTIONS = (
    "bye bot {HeyGuys|LUL|👋}",
    "{mods so fast|got 'em|mods W} {EZ|Clap|}",
    "but I wanted a logo Sadge",
    "cheap viewers? in this economy?",
)


TIKTOK_FIRST_LINES = (
    "{hi|hello|hii|heyy} {lena|from my break|from the fyp|from {Manila|São Paulo|Cairo|Milan|Texas|Wien}} {👋|❤️|😊|}",
    "{who's here from|anyone else on} the fyp {👀|🙋|?}",
    "{first|second} {live|time on this live} {🎉|✨|}",
    "{what game is this|is it free|is it on mobile}{|?| 👀}",
    "{greetings|hello|love} from {Indonesia 🇮🇩|Brazil 🇧🇷|Poland 🇵🇱|Japan 🇯🇵|Mexico 🇲🇽|Ghana 🇬🇭|Italy 🇮🇹|Türkiye 🇹🇷}",
    "{is she|are you} on twitch too{|?}",
    "{how do you|how is she} {stay so calm|so good at this|not screaming} {😭|💀|}",
    "{just scrolled in|the algorithm sent me|came for the cat} {🐈|😂|and I'm staying|❤️}",
)
TIKTOK_LINES = (
    "{tap tap|double tap} the screen {guys|everyone|people} {❤️|🔥|👇|}",
    "can you say hi to {my sister|my class|my cat|grandma|my gym}? {🥹|🙏|❤️}",
    "{love|obsessed with} {your setup|the lights|the cat|this game|your laugh} {😍|✨|🔥|💜}",
    "{😂😂|💀💀|🔥🔥🔥|❤️❤️❤️|👏👏👏|🥹|😭😭|🐈❤️}",
    "{shared|liked|told everyone}{| ✅| ❤️|, your turn {@}| 💜}",
    "{the cat|THE CAT|cat cat cat} {😻|❤️|!!|}",
    "{this live|her laugh|that reaction} {made my day|is everything|💀}",
    "{her|that} face {😂|💀|when it moved|just now 😭}",
    "{road to|almost at|we hit} {10k|50k} likes {🔥|❤️|let's go|tap faster}",
    "{goodbye homework|my pasta is burning|I should be asleep} {😭|💀|but this|worth it}",
    "{notifications on|never missing a live|best live on here} {💜|🔔|✨}",
)
GIFT_REACTIONS = (
    "{wow|omg|woah} {@} {❤️|🔥|👏|}",
    "{@} {so generous|queen|legend|with the roses} {🌹|👑|💜|}",
    "{a galaxy|the lights|so pretty} {✨|😍|}",
)


class Tongue(NamedTuple):
    """How somebody greets and what they let slip in their own language."""

    greetings: tuple[str, ...]
    remarks: tuple[str, ...]


TONGUES: dict[str, Tongue] = {
    "de": Tongue(
        ("{moin|servus|nabend|huhu} zusammen{|!}", "grüße aus {Köln|Leipzig|Wien|Bern}"),
        (
            "{wie geil|stark|sauber gemacht}",
            "ich {kann nicht mehr|lach mich weg} 😂",
            "{nächster Versuch sitzt|das war knapp}",
            "{heilen|trink den trank|linksrum} {bitte|jetzt|oh nein}",
            "{mein Puls|die Katze|der Hut} {😂|ist alles}",
        ),
    ),
    "es": Tongue(
        ("{hola|buenas} {a todos|chat|lena}", "saludos desde {México|Sevilla|Lima} {👋|}"),
        (
            "{qué bueno|madre mía|increíble}",
            "jajaja{|ja|jajaja}",
            "{casi casi|vamos|tú puedes} lena",
            "{no puede ser|otra vez|qué miedo} {😭|jaja|}",
        ),
    ),
    "pt": Tongue(
        ("{oi|boa noite} {galera|chat|gente}", "{salve|abraço} de {Porto|Recife|Braga}"),
        (
            "kkkk{|kkk|kkkkkk}",
            "{que isso|boa|mandou bem} demais",
            "{quase|agora vai|calma} {lena|😭|}",
            "que {gato|jogo} lindo",
        ),
    ),
    "fr": Tongue(
        ("{salut|bonsoir|coucou} {tout le monde|le chat|lena}",),
        (
            "{trop fort|bien joué|oh non} {😂|!|}",
            "mdr{|rrr}",
            "{à gauche|attention|soigne-toi} {lena|!|}",
            "trop {mignon|bien} {💜|}",
        ),
    ),
    "it": Tongue(
        ("{ciao|buonasera} {a tutti|chat}",),
        ("{bravissima|che ansia|dai dai dai}", "{quasi|no dai|mamma mia} {😂|}", "ahahah{|ah}"),
    ),
    "pl": Tongue(
        ("{hej|cześć} wszystkim",), ("{dobre|piękne|o nie} xd", "{prawie|dawaj|uważaj} {!|lena|}", "xd{|ddd}")
    ),
    "tr": Tongue(
        ("{selam|merhaba} {arkadaşlar|herkese}",),
        ("{efsane|çok iyi|helal}", "{az kaldı|hadi|dikkat} {!|lena|}", "kedi {😍|❤️}"),
    ),
    "ru": Tongue(
        ("{привет|всем привет} {чат|!|}",),
        ("{красиво|ну почти|давай давай}", "ахаха{|хаха}", "{осторожно|лечись|слева} {!|)|}"),
    ),
    "ja": Tongue(
        ("{こんばんは|やあ}{！|〜|}",),
        (
            "{すごい|ナイス|惜しい|かわいい}{！|w|}",
            "草{|www}",
            "8888{|88}",
            "{左|回復|後ろ}{！|！！|w}",
            "がんばれ{〜|！}",
        ),
    ),
    "ko": Tongue(
        ("{안녕하세요|하이}{~|!|}",),
        ("{대박|나이스|귀여워}{!!|}", "ㅋㅋㅋ{|ㅋㅋ}", "{아깝다|조심|힐}{!|ㅠㅠ|}", "화이팅{!|~}"),
    ),
    "zh": Tongue(("{大家好|晚上好}{！|}",), ("{厉害|加油|太可爱了}{！|}", "哈哈哈{|哈哈}", "{左边|快跑|可惜}{！|}")),
    "ar": Tongue(
        ("{مرحبا|مساء الخير} {جميعا|لينا|}",), ("{رائع|ممتاز|يا سلام} {😂|🔥|}", "هههه{|هه}", "{انتبهي|يلا} {لينا|!|}")
    ),
    "he": Tongue(("{שלום|ערב טוב} {לכולם|צ'אט}",), ("{איזה יופי|כל הכבוד}{!|}", "חחח{|חח}", "{כמעט|קדימה} {לנה|!|}")),
}
