"""What the demo's members can watch: a hundred titles of a streamer's archive, by genre."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

# Genre, type, how many minutes about, and of what: "name | parts".
_ARCHIVE = (
    ("Cosy", "Series", 95, "Tiny Harbor | Moving In; First Frost; The Lighthouse; Ferry Day; A Bridge at Last"),
    ("Cosy", "Series", 80, "Night Shift Garden | Seeds; Moths; Rain Check; Harvest by Lamplight"),
    ("Cosy", "Movie", 140, "Goose Weekend; One Map, No Combat; Paint Every House Blue"),
    ("Speedrun", "Series", 50, "Ladle Run | Any Percent; No Soup; Blindfolded; The Comeback; World Record Pace"),
    ("Speedrun", "Movie", 70, "Goose in 14 Minutes; Nine Hours, One Jump; Splits Do Not Lie; The Last Reset"),
    ("Horror", "Series", 120, "Emberfall | The Gate; Ash in the Kitchen; Nobody Upstairs; The Long Corridor; Ember"),
    ("Horror", "Movie", 150, "Lights Off Challenge; Chat Picks the Door; Do Not Pet the Dog; Basement Tour"),
    ("Strategy", "Series", 180, "A Republic of Bees | Queens; Wax and Means; Swarm; The Bear Question"),
    ("Strategy", "Movie", 210, "Twelve Turns to Ruin; All Roads Lead to Mud; Peace by Accident; One City, Wet"),
    ("Strategy", "Series", 160, "Trains, Mostly | Timetables; The Tunnel; Cargo of Cheese; Strike"),
    ("Role-playing", "Series", 200, "Tales of the Ladle | A Spoon is Drawn; The Soup Prophecy; Broth and Bone; Crumbs"),
    ("Role-playing", "Series", 190, "Salt and Lantern | Shore Leave; The Drowned Choir; Tide Tables; Home by Star"),
    ("Role-playing", "Movie", 240, "Romance Every Villain; Level One Only; The Pacifist and the Dragon; Bard, Alone"),
    ("Music", "Short", 35, "Synth Hour | Dusk; Rain on Tin; Harbor Lights; Slow Ferry; Encore"),
    ("Music", "Movie", 90, "Unplugged on the Roof; Sixty Requests, One Piano; The Vinyl Session; Chat Writes a Song"),
    ("Talk", "Short", 45, "Tea at Two | On Sleep; On Quitting; On Geese; On Money; On Starting Over"),
    ("Talk", "Movie", 75, "Ask Me Anything, Vol. 1; Ask Me Anything, Vol. 2; Reading Your Letters; A Year in Clips"),
    ("Making of", "Series", 60, "Pixels | The First Sprite; Palettes; Walk Cycle; Shipping a Tiny Game"),
    ("Making of", "Short", 25, "Desk Tour; How the Overlay Works; Sound Without a Studio; Editing in One Hour"),
    ("Making of", "Series", 55, "Wood and Wire | A Shelf; A Lamp; An Arcade; Sawdust Budget"),
    ("Cooking", "Short", 40, "Ramen for One; Bread, Eventually; The Dumpling Fold; Soup of Theseus; Burnt, Twice"),
    ("Cooking", "Series", 65, "Cooking Game Food | Elixirs; Monster Stew; A Perfectly Square Pie; Heart Cake"),
    ("Talk", "Series", 85, "Road to the Con | Packing; Night Train; The Panel; Signing; Lost Badge; Karaoke; Home"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Title:
    name: str
    genre: str
    content_type: str
    minutes: int


def titles() -> Iterator[Title]:
    for genre, content_type, minutes, line in _ARCHIVE:
        series, bar, parts = line.partition(" | ")
        for part in (parts if bar else series).split("; "):
            yield Title(f"{series}: {part}" if bar else part, genre, content_type, minutes)
