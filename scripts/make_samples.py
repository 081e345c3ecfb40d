"""Makes the sample datasets, the same ones every time; with ``--check`` says whether the committed ones are they.

python scripts/make_samples.py [--check]
"""

from __future__ import annotations

import json
import random
import sys
import unicodedata
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

SEED = 20261101
USERS, ORDERS, SHOPS, IDLE_USERS = 600, 6000, 40, 40
FIRST, LAST = datetime(2024, 11, 1, tzinfo=UTC), datetime(2026, 10, 31, tzinfo=UTC)
TARGET = Path(__file__).parent.parent / "src" / "ramekin" / "samples" / "data"

NAMES = {
    "en": (
        "Grace Oliver Amelia Jack Isla Harry Ruby Thomas Hazel Owen",
        "Walker Hughes Bennett Clarke Foster Marsh Reid Cole",
    ),
    "fr": (
        "Zoé Hélène François Léa Jérôme Chloé Noël Anaïs Théo Élise",
        "Lefèvre Moreau Béranger Girard Dubois Chevalier Noël",
    ),
    "de": (
        "Jürgen Käthe Björn Lena Sören Frieda Matthias Ute Jonas Änne",
        "Müller Schäfer Köhler Weiß Vogel Krüger Lang Busch",
    ),
    "es": (
        "Lucía José Sofía Martín Inés Andrés Noelia Álvaro Carmen Iñigo",
        "García Muñoz Peña Ibáñez Ortega Núñez Vidal Serrano",
    ),
    "pl": (
        "Zofia Łukasz Małgorzata Paweł Agnieszka Michał Żaneta Jan",
        "Wójcik Zieliński Dąbrowska Król Górska Nowak Łapiński",
    ),
    "tr": ("Ayşe Çağla Emre Gülşen Kerem Şebnem Ömer Defne", "Yılmaz Öztürk Çelik Şahin Aydın Koç Güneş"),
    "in": ("Priya Arjun Ananya Rohan Meera Vikram Kavya Ishaan", "Sharma Iyer Patel Nair Reddy Bose Kulkarni"),
    "jp": ("Haruka Kenji Yuki Sakura Takumi Aiko Ren Hina", "Tanaka Suzuki Watanabe Kobayashi Mori Fujita"),
    "ng": ("Chidi Ngozi Folasade Emeka Amara Tunde Ifeoma Kelechi", "Okafor Adeyemi Nwosu Balogun Eze Obi"),
    "br": (
        "João Beatriz Antônio Cecília Caetano Luísa Gonçalo Flávia",
        "Araújo Conceição Ribeiro Magalhães Assunção Leão",
    ),
}
DOMAINS = ("example.com", "example.org", "example.net")
ITEMS = {
    "Stoneware ramekin": 8.9,
    "Ramekin, set of four": 29.9,
    "Ramekin, set of six": 42.5,
    "Soufflé dish": 24.0,
    "Cast-iron cocotte, 20 cm": 149.0,
    "Cast-iron cocotte, 26 cm": 189.0,
    "Gratin dish": 34.5,
    "Tart tin": 15.75,
    "Madeleine tray": 18.2,
    "Pie weights": 9.95,
    "Rolling pin": 14.4,
    "Pastry brush": 6.8,
    "Balloon whisk": 11.3,
    "Copper bowl": 79.0,
    "Kitchen scale": 39.99,
    "Measuring cups": 12.6,
    "Oven thermometer": 13.9,
    "Kitchen torch": 32.0,
    "Crème brûlée set": 58.0,
    "Vanilla pods, five": 16.9,
    "Chef's knife": 94.0,
    "Paring knife": 21.5,
    "Bread knife": 46.0,
    "Whetstone": 37.5,
    "Chopping board, oak": 54.0,
    "Salt cellar": 17.25,
    "Pepper mill": 44.0,
    "Mortar and pestle": 38.6,
    "Linen tea towel": 12.0,
    "Oven gloves": 19.5,
    "Apron, blue": 28.0,
    "Apron, striped": 29.5,
    "Sauté pan": 119.0,
    "Crêpe pan": 42.0,
    "Milk pan": 36.0,
    "Stock pot": 88.0,
    "Steamer basket": 23.4,
    "Colander": 26.7,
    "Fine sieve": 18.8,
    "Zester": 10.9,
    "Garlic press": 16.5,
    "Ladle": 13.2,
    "Fish slice": 12.7,
    "Wooden spoon": 5.4,
    "Spatula": 7.9,
    "Jam jars, dozen": 22.8,
    "Preserving funnel": 8.3,
    "Teapot, 1 l": 48.0,
    "Espresso cups, six": 34.0,
    "Cafetière": 31.5,
    "Butter dish": 25.0,
    "Cheese dome": 41.0,
    "Cake stand": 46.5,
    "Cooling rack": 14.9,
    "Springform tin": 19.9,
    "Piping bag set": 17.6,
    "Sugar thermometer": 15.3,
    "Digital timer": 11.8,
    "Recipe book: eggs": 27.0,
    "Gift card": 50.0,
}
CITIES = [
    ("Lyon", "FR", 45.764, 4.836, "69002", "rue Mercière"),
    ("Paris", "FR", 48.857, 2.352, "75004", "rue de Rivoli"),
    ("Zürich", "CH", 47.377, 8.542, "8001", "Niederdorfstrasse"),
    ("Köln", "DE", 50.938, 6.960, "50667", "Hohe Straße"),
    ("London", "GB", 51.507, -0.128, "SW1A 2AA", "Whitehall Row"),
    ("Kraków", "PL", 50.065, 19.945, "31-042", "ulica Floriańska"),
    ("Lisboa", "PT", 38.722, -9.139, "1100-053", "Rua Augusta"),
    ("Sevilla", "ES", 37.389, -5.984, "41004", "calle Sierpes"),
    ("İzmir", "TR", 38.424, 27.143, "35250", "Kıbrıs Şehitleri Caddesi"),
    ("Kyoto", "JP", 35.012, 135.768, "604-8005", "Teramachi-dōri"),
    ("Pune", "IN", 18.520, 73.857, "411001", "Laxmi Road"),
    ("Lagos", "NG", 6.524, 3.379, "101241", "Broad Street"),
    ("Recife", "BR", -8.048, -34.877, "50030-230", "Rua do Bom Jesus"),
    ("Montréal", "CA", 45.502, -73.567, "H2Y 1C6", "rue Saint-Paul"),
    ("Melbourne", "AU", -37.814, 144.963, "3000", "Flinders Lane"),
]
SHOP_NAMES = ("Cocotte", "Four & Feu", "The Baking Dish", "Casserole", "Terrine", "Butter", "Braise", "Clafoutis")
TAGS = ("stoneware", "cast iron", "copper", "knives", "linen", "classes", "repairs", "gifts")
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


def uuid_at(moment: datetime, dice: random.Random) -> str:
    """Return a UUID of version 7 for a moment."""
    milliseconds = int(moment.timestamp() * 1000)
    return str(UUID(int=milliseconds << 80 | 7 << 76 | dice.getrandbits(12) << 64 | 2 << 62 | dice.getrandbits(62)))


def text_of(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def between(start: datetime, end: datetime, dice: random.Random) -> datetime:
    return start + timedelta(seconds=dice.randrange(int((end - start).total_seconds())))


def ascii_of(name: str) -> str:
    plain = name.translate(str.maketrans({"ł": "l", "Ł": "L", "ı": "i", "ß": "ss", "ø": "o"}))
    return "".join(c for c in unicodedata.normalize("NFKD", plain) if c.isascii() and c.isalpha()).lower()


def make_users(dice: random.Random) -> list[dict[str, object]]:
    users: list[dict[str, object]] = []
    taken: set[str] = set()
    for moment in sorted(between(FIRST, LAST - timedelta(days=20), dice) for _ in range(USERS)):
        given, family = (dice.choice(part.split()) for part in dice.choice(list(NAMES.values())))
        address = f"{ascii_of(given)}.{ascii_of(family)}"
        while f"{address}@" in taken:
            address = f"{address.rstrip('0123456789')}{dice.randrange(2, 100)}"
        taken.add(f"{address}@")
        user: dict[str, object] = {
            "id": uuid_at(moment, dice),
            "email": f"{address}@{dice.choice(DOMAINS)}",
            "full_name": f"{given} {family}",
        }
        luck = dice.random()
        if luck > 0.08:
            user["age"] = None if luck < 0.12 else min(95, 18 + int(dice.gammavariate(3, 7)))
        users.append(user | {"created_at": text_of(moment)})
    return users


def make_orders(users: list[dict[str, object]], dice: random.Random) -> list[dict[str, object]]:
    buyers = dice.sample(users, USERS - IDLE_USERS)
    weights = [dice.paretovariate(1.4) for _ in buyers]
    chosen = buyers + dice.choices(buyers, weights, k=ORDERS - len(buyers))
    orders = []
    for user in chosen:
        since = datetime.fromisoformat(str(user["created_at"]))
        moment = between(since, LAST, dice)
        item, price = dice.choice(list(ITEMS.items()))
        quantity = dice.choices((1, 2, 3, 4, 6, 12), (55, 22, 9, 7, 5, 2))[0]
        orders.append((moment, user["id"], item, quantity, round(price * quantity, 2)))
    return [
        {
            "id": uuid_at(moment, dice),
            "user_id": user,
            "product_name": item,
            "quantity": quantity,
            "total_price": total,
            "order_date": text_of(moment),
        }
        for moment, user, item, quantity, total in sorted(orders, key=lambda order: order[:3])
    ]


def make_shops(dice: random.Random) -> list[dict[str, object]]:
    shops = []
    for number in range(SHOPS):
        city, country, lat, lon, postcode, street = CITIES[number % len(CITIES)]
        hours: list[dict[str, str]] = []
        closed = set(dice.sample(DAYS, dice.choice((1, 2))))
        for day in (day for day in DAYS if day not in closed):
            if dice.random() < 0.3:
                hours += [
                    {"day": day, "opens": "09:30", "closes": "12:30"},
                    {"day": day, "opens": "14:00", "closes": "19:00"},
                ]
            else:
                hours.append(
                    {"day": day, "opens": dice.choice(("09:00", "10:00")), "closes": dice.choice(("18:00", "20:00"))}
                )
        shops.append(
            {
                "id": f"{ascii_of(city)}-{number // len(CITIES) + 1}",
                "name": f"{dice.choice(SHOP_NAMES)} {city}",
                "address": {
                    "street": f"{dice.randrange(1, 120)} {street}",
                    "postcode": postcode,
                    "city": city,
                    "country": country,
                },
                "location": {
                    "lat": round(lat + dice.uniform(-0.02, 0.02), 4),
                    "lon": round(lon + dice.uniform(-0.02, 0.02), 4),
                },
                "opening_hours": hours,
                "tags": dice.sample(TAGS, dice.randrange(1, 4)),
            }
        )
    return sorted(shops, key=lambda shop: str(shop["id"]))


def main() -> int:
    dice = random.Random(SEED)  # sample data, not secrets
    users = make_users(dice)
    made = {"users": users, "orders": make_orders(users, dice), "shops": make_shops(dice)}
    texts = {
        f"{name}.json": "[\n"
        + ",\n".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) for r in rows)
        + "\n]\n"
        for name, rows in made.items()
    }
    if "--check" in sys.argv:
        return int(any((TARGET / name).read_text("utf-8") != text for name, text in texts.items()))
    TARGET.mkdir(exist_ok=True)
    for name, text in texts.items():
        (TARGET / name).write_text(text, "utf-8")
        print(f"{name}: {text.count(chr(10)) - 2:,} records, {len(text.encode()):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
