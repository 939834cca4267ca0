"""Invented names: of those the demo knows well, and parts from which everybody else's are put together."""

from __future__ import annotations

FIRST_PARTS = tuple(
    """
    aiko alba aldo amara anders anika anton aria arvid asha astrid aurel beata bela benno bianca boris bram bruno
    callum carla cem chiara ciro clara dag dalia dario deniz dora edda elif elio emil enzo erik esra fabio farid
    fenna finn freya gala gregor greta hana haru hedda hugo ida igor ilka imani inga iris ivo jana jannis jari jonas
    juno kaia karim katya kenji kira klaas lars leif leo lida lina loki luca luis luka mads magda malik malou marek
    mari mateo milan milo mina minh naima nela nico nils nina noa noor nuria odin olga oskar otto pablo paula pia
    quinn rafa raj remy rhea rika romy ruben runa sami sanna selma sena silas sini sora sven tariq thea theo timo
    tove ulla uma vera vida viggo wanda xeno yara yuki yusuf zeno zora amber arctic bitter brave breezy calm cosmic
    crispy cursed dizzy dusty electric foggy fuzzy gentle giddy golden grumpy hazy humble itchy jolly lazy lunar
    mellow misty mossy neon nimble odd pastel polar quiet rusty salty shiny silent sleepy snowy soggy sunny tiny
    turbo velvet witty wobbly zesty
    """.split()
)
SECOND_PARTS = tuple(
    """
    acorn anchor apple arrow badger bagel banjo barrel basil beacon bean bear beetle berry biscuit bison blanket
    bobcat bolt book boots brook bubble bumble button cactus candle canyon carrot castle cedar cello cheddar cherry
    circuit cloud clover cobalt cocoa comet cookie coral cricket crumb dagger daisy dingo donut dragon drum duck
    dumpling echo ember falcon feather fern ferret fiddle flamingo flint forest fox frog galaxy gecko ghost ginger
    glitch goblin goose hammer harbor hazel heron hollow honey hornet igloo island ivy jacket jelly jigsaw kettle
    kiwi knight koala ladder lantern lemon lizard lobster lotus magnet mango maple marble marmot meadow melon meteor
    mitten moose moth muffin nebula needle noodle nugget nutmeg oak octopus olive onion orbit orchid otter owl
    oyster paddle panda pancake parrot peach pebble pepper pickle pigeon pine pixel plum pocket poppy potato puffin
    pumpkin puzzle quartz quill rabbit radish rain raven river robin rocket saddle sage salmon saturn shadow socks
    sparrow spoon squid stone storm taco teapot thistle thunder tiger toast tulip turnip turtle umbrella violin
    waffle walnut walrus whale willow wizard wolf yeti zebra zephyr
    """.split()
)
TAILS = (
    "", "_", "x", "xd", "tv", "_tv", "ttv", "yt", "gg", "_gg", "live", "plays", "_irl", "_de", "_br", "_uk", "_pl",
    "jr", "owo", "_ow", "zz", "_zz", "ish", "ly", "99k", "_x", "xo", "7", "_7", "3",
    *(f"{number:02d}" for number in range(100)), *(f"_{number}" for number in range(1985, 2012)),
    *(f"{number}" for number in range(1985, 2012)), *(f"_{number:02d}" for number in range(10, 100)),
)  # fmt: skip

# login, display name, language, role: the people every regular of this channel knows.
TWITCH_REGULARS = (
    ("mika_zz", "mika_zz", "en", "vip"),
    ("joaquim", "joaquim", "pt", "subscriber"),
    ("eva_m", "eva_m", "en", "vip"),
    ("tenno", "tenno", "en", "subscriber"),
    ("anouk", "anouk", "fr", "moderator"),
    ("petr_k", "petr_k", "en", "moderator"),
    ("sunny_dee", "Sunny_Dee", "en", "moderator"),
    ("kaori_n", "香織", "ja", "vip"),
    ("bjornstad", "Bjornstad", "en", "subscriber"),
    ("toastwithlegs", "ToastWithLegs", "en", "subscriber"),
    ("half_a_lemon", "half_a_lemon", "en", "subscriber"),
    ("minjun88", "민준", "ko", "subscriber"),
    ("the_real_gerald", "The_Real_Gerald", "en", "subscriber"),
    ("zuckerwatte", "Zuckerwatte", "de", "subscriber"),
    ("ola_kowal", "Ola_Kowal", "pl", "subscriber"),
    ("marisol_vg", "MariSol_VG", "es", "vip"),
    ("dadjokedan", "DadJokeDan", "en", "subscriber"),
    ("nachtkatze", "nachtkatze", "de", "subscriber"),
    ("xiaoyu_", "小雨", "zh", "subscriber"),
    ("captainbeige", "CaptainBeige", "en", ""),
    ("femke_op_sokken", "Femke_op_Sokken", "en", "subscriber"),
    ("okay_then_olly", "okay_then_olly", "en", ""),
    ("lo_fi_larry", "Lo_Fi_Larry", "en", "subscriber"),
    ("gizem_c", "Gizem_C", "tr", ""),
)
TIKTOK_REGULARS = (
    ("rosa.live", "Rosa 🌹", "es", "subscriber"),
    ("layla.draws", "Layla ليلى", "ar", "subscriber"),
    ("noa_k", "נועה", "he", ""),
    ("dima.plays", "Дима 🎮", "ru", ""),
    ("sakura.chan33", "さくら🌸", "ja", "subscriber"),
    ("itsbea", "✨ Bea ✨", "en", "moderator"),
    ("papa_pato", "Papá Pato 🦆", "es", ""),
    ("jonas.h", "Jonas", "de", "moderator"),
    ("hyerin_", "혜린", "ko", ""),
    ("big.tom.cooks", "Big Tom 🍳", "en", "subscriber"),
    ("giulia.m", "Giulia 🇮🇹", "it", ""),
    ("kwame.games", "Kwame", "en", ""),
)
# Of these, who never misses a stream, and who gives little a stream (coins) until one evening.
NEVER_MISSING = ("rosa.live", "layla.draws")
SAVERS = {"papa_pato": 40, "kwame.games": 200}
# Nicknames as people choose them where the platform lets them; "" is most of them: the handle, tidied.
NICKNAMES = (
    "", "", "", "", "", "", "{} ✨", "{} 🌙", "🦊 {}", "{} 🇧🇷", "{} 🇩🇪", "💫{}💫", "{}.", "{} 🎧", "𝒥 {}",
    "さくらもち", "민서 ☁️", "小鱼🐟", "Мария", "سارة ✨", "دانیال", "יעל 🌻", "Ζωή", "Ömer",
    "Łukasz", "Søren 🚲", "ねこ丸",
)  # fmt: skip
RAIDERS = (
    ("northwind", "northwind"),
    ("captain_pixel", "Captain_Pixel"),
    ("marlo_live", "MarloLive"),
    ("tinkerfox", "TinkerFox"),
    ("yukimi_x", "ゆきみ"),
    ("saltandsven", "SaltAndSven"),
    ("studio_moth", "Studio_Moth"),
    ("karlotta", "Karlotta"),
    ("lowpolypete", "LowPolyPete"),
    ("nadia_codes", "Nadia_Codes"),
    ("elbarto_speedruns", "ElBarto_Speedruns"),
    ("hexenkessel", "Hexenkessel"),
)
COLORS = (
    "#FF7F50", "#1E90FF", "#00FF7F", "#9ACD32", "#FF69B4", "#8A2BE2", "#5F9EA0", "#DAA520", "#D2691E", "#2E8B57",
    "#FF4500", "#B22222", "#7FFFD4", "#F4A261", "#A78BFA",
)  # fmt: skip
