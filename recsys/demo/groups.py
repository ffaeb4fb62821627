"""The planted taste groups of the demo world, and the word lists its invented names are made of.

Every name that comes out of these lists is invented; any likeness to a real artist or song is chance.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class TasteGroup:
    """One planted group: what it is called, how it sounds and which words its names use.

    ``sound`` is the group's centre of the audio features, in the order and units of :data:`recsys.tables.FEATURES`, without
    the last two (key and mode), which are drawn freely. ``explicit`` is the share of explicit tracks (0–1).
    """

    name: str
    genres: tuple[str, ...]
    sound: tuple[float, ...]
    explicit: float
    adjectives: str
    nouns: str


GROUPS = (
    TasteGroup(
        "dream pop",
        ("dream pop", "shoegaze", "indie pop"),
        (0.38, 0.52, -9.0, 0.04, 0.30, 0.70, 0.14, 0.22, 104, 4),
        0.02,
        "Pale Hazy Slow Opal Distant Lilac Silver Weightless Blurred Tender",
        "Lantern Harbour Film Orchard Halo Curtain Satellite Postcard Meadow Mirage Window Swan",
    ),
    TasteGroup(
        "deep house",
        ("deep house", "electronic", "club"),
        (0.86, 0.78, -7.0, 0.06, 0.04, 0.82, 0.10, 0.62, 124, 4),
        0.03,
        "Late Neon Warm Magnetic Velvet Liquid Basement Analog Static Nocturnal",
        "Circuit Terrace Signal Corridor Motion Prism Elevator Current Horizon Pulse Warehouse Metro",
    ),
    TasteGroup(
        "boom bap",
        ("hip hop", "boom bap", "rap"),
        (0.84, 0.68, -6.5, 0.42, 0.14, 0.01, 0.22, 0.50, 90, 4),
        0.55,
        "Dusty Golden Crooked Concrete Heavy Sharp Corner Borough Loose Honest",
        "Notebook Stoop Ledger Crown Cipher Turnstile Needle Receipt Hydrant Domino Rooftop Payphone",
    ),
    TasteGroup(
        "bluegrass",
        ("bluegrass", "folk", "americana"),
        (0.50, 0.55, -10.0, 0.04, 0.85, 0.06, 0.24, 0.85, 136, 4),
        0.01,
        "Old Muddy Cedar Lonesome Whistling Rusty Barefoot Copper Wandering Quiet",
        "Holler Fiddle Creek Mule Timber Barge Banjo Kettle Wagon Sparrow Ridge Almanac",
    ),
    TasteGroup(
        "doom metal",
        ("doom metal", "metal", "stoner rock"),
        (0.16, 0.94, -4.5, 0.08, 0.01, 0.55, 0.22, 0.08, 74, 4),
        0.18,
        "Black Iron Ashen Buried Drowned Molten Hollow Ancient Crawling Sunken",
        "Anvil Cairn Psalm Monolith Crypt Furnace Serpent Oracle Glacier Pillar Pyre Tower",
    ),
    TasteGroup(
        "bossa nova",
        ("bossa nova", "jazz", "latin"),
        (0.66, 0.22, -14.0, 0.04, 0.86, 0.05, 0.11, 0.52, 96, 4),
        0.01,
        "Blue Gentle Salted Amber Lazy Sunlit Secret Coastal Paper Sweet",
        "Veranda Mango Terracotta Parasol Lagoon Guitar Hammock Coral Papaya Sandal Gardenia Awning",
    ),
    TasteGroup(
        "ambient",
        ("ambient", "drone", "modern classical"),
        (0.12, 0.08, -24.0, 0.04, 0.92, 0.93, 0.09, 0.06, 70, 4),
        0.0,
        "Still White Frozen Faint Endless Glass Northern Sleeping Deep Lunar",
        "Heather Archive Fjord Lichen Chamber Snowfall Delta Resonance Cloud Aurora Basin Thaw",
    ),
    TasteGroup(
        "synth pop",
        ("synth pop", "pop", "new wave"),
        (0.74, 0.88, -5.0, 0.05, 0.04, 0.01, 0.15, 0.92, 128, 4),
        0.06,
        "Electric Bright Chrome Plastic Sugar Digital Instant Pink Restless Turbo",
        "Arcade Mirror Boulevard Cassette Laser Holiday Heartbeat Mannequin Polaroid Skyline Rocket Carousel",
    ),
)

VERBS = "Counting Following Leaving Painting Borrowing Waking Carrying Losing Naming Mending Crossing Forgetting"
MOMENTS = "Dawn Noon Dusk Midnight Daybreak Sundown Winter August Monday Springtime"
FIRST_NAMES = "Ada Bram Cleo Dario Elke Farid Greta Hugo Ines Jonas Kaia Lior Mira Nils Oona Pavel Quinn Rosa Sorin Tova Ulf Vera"
SURNAME_STARTS = "Vel Mor Lin Kar Ost Bel Tam Ren Hol Fen Dra Sol Pel Gar"
SURNAME_ENDS = "linde oway stad imov berra quist andt elli onsen ashi ucci wick"
