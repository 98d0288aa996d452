"""Makes the example's data: people who watch films, in size and shape like MovieLens 100K.

    python3 example/generate_data.py            # writes example/data/{Users,Items,Interactions}/*.csv
    python3 example/generate_data.py --seed 2   # other people, other films: "new data" for a second run

People like some genres better than others, partly by age and gender; few films are watched by many and many by few. So
there is something for a recommender to learn, and something to learn it from. The same seed gives the same bytes.
"""

import argparse
import csv
import heapq
import math
import random
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

USERS = 1_000
ITEMS = 1_700
INTERACTIONS = 100_000
LEAST_PER_USER = 20

GENRES = (
    "Action", "Adventure", "Animation", "Comedy", "Crime", "Documentary", "Drama", "Family", "Fantasy",
    "History", "Horror", "Music", "Mystery", "Romance", "SciFi", "Thriller", "War", "Western",
)  # fmt: skip
# What an age group or a gender watches more (or less) of than others, as factors on a taste.
LEANINGS = {
    "young": {"Action": 2.0, "Animation": 2.0, "Fantasy": 1.8, "Horror": 2.2, "SciFi": 1.8},
    "middle": {"Comedy": 1.5, "Family": 2.0, "Crime": 1.5, "Thriller": 1.6},
    "older": {"Documentary": 2.2, "Drama": 1.6, "History": 2.2, "War": 1.8, "Western": 2.2, "Horror": 0.4},
    "F": {"Drama": 1.3, "Romance": 1.7, "Music": 1.4, "War": 0.7},
    "M": {"Action": 1.4, "SciFi": 1.4, "War": 1.4, "Romance": 0.7},
}

# What films are called: twenty beginnings, seventeen nouns and five endings make 1,700 titles.
BEGINNINGS = (
    "The Silent", "A Second", "The Last", "My Borrowed", "The Crooked", "One Bright", "The Paper", "A Winter",
    "The Hollow", "Our Secret", "The Golden", "A Distant", "The Broken", "Her Blue", "The Hidden", "Some Wild",
    "The Burning", "His Old", "The Endless", "A Little",
)  # fmt: skip
NOUNS = (
    "Harbour", "Summer", "Letter", "Garden", "Witness", "Mountain", "Orchestra", "Kingdom", "Detective", "River",
    "Promise", "Machine", "Lighthouse", "Stranger", "Island", "Carnival", "Frontier",
)  # fmt: skip
ENDINGS = ("", " II", " Returns", " at Night", " Forever")

START = 1_735_689_600  # 1 January 2025, in seconds since the epoch, as Personalize wants them
DAY = 24 * 60 * 60
DAYS = 210


@dataclass(frozen=True)
class User:
    id: str
    gender: str
    age: int
    taste: dict[str, float]


@dataclass(frozen=True)
class Item:
    id: str
    title: str
    genres: tuple[str, ...]
    year: int
    popularity: float


def main() -> None:
    parser = argparse.ArgumentParser(description="Make the example's data.")
    parser.add_argument("--out", type=Path, default=Path(__file__).parent / "data", help="default: example/data")
    parser.add_argument("--seed", type=int, default=1, help="another seed makes other data (default: %(default)s)")
    arguments = parser.parse_args()
    rows = generate(arguments.out, arguments.seed)
    print(f"{arguments.out}: {', '.join(f'{count:,} {kind}' for kind, count in rows.items())}")


def generate(folder: Path, seed: int = 1) -> dict[str, int]:
    """Write the three data sets below `folder`; returns the number of rows of each."""
    chance = random.Random(seed)
    users = [make_user(f"u{number:04}", chance) for number in range(1, USERS + 1)]
    items = [make_item(number, rank, chance) for number, rank in enumerate(shuffled(ITEMS, chance), 1)]
    interactions = sorted(make_interactions(users, items, chance))
    write(
        folder / "Users" / "users.csv",
        ("USER_ID", "GENDER", "AGE"),
        ((user.id, user.gender, user.age) for user in users),
    )
    write(
        folder / "Items" / "items.csv",
        ("ITEM_ID", "TITLE", "GENRES", "YEAR"),
        ((item.id, item.title, "|".join(item.genres), item.year) for item in items),
    )
    write(
        folder / "Interactions" / "interactions.csv",
        ("USER_ID", "ITEM_ID", "TIMESTAMP"),
        ((user, item, time) for time, user, item in interactions),
    )
    return {"users": len(users), "items": len(items), "interactions": len(interactions)}


def make_user(user_id: str, chance: random.Random) -> User:
    age = 13 + int(60 * chance.random() * chance.random() + 5 * chance.random())
    gender = "M" if chance.random() < 0.6 else "F"
    group = "young" if age < 28 else "middle" if age < 45 else "older"
    taste = {
        # The cube makes a few genres favourites and most indifferent.
        genre: (0.1 + chance.random() ** 3) * LEANINGS[group].get(genre, 1) * LEANINGS[gender].get(genre, 1)
        for genre in GENRES
    }
    return User(user_id, gender, age, taste)


def make_item(number: int, rank: int, chance: random.Random) -> Item:
    genres = tuple(sorted(GENRES[index] for index in shuffled(len(GENRES), chance)[: 1 + int(3 * chance.random())]))
    year = 2025 - int(60 * chance.random() * chance.random())
    return Item(f"i{number:04}", title(number - 1), genres, year, popularity=1 / (rank + 25))


def title(number: int) -> str:
    """The film's, of which there are no two alike."""
    first, rest = number % len(BEGINNINGS), number // len(BEGINNINGS)
    return f"{BEGINNINGS[first]} {NOUNS[rest % len(NOUNS)]}{ENDINGS[rest // len(NOUNS)]}"


def make_interactions(
    users: Sequence[User], items: Sequence[Item], chance: random.Random
) -> Iterable[tuple[int, str, str]]:
    """(time, user, item) of everything that anybody watched; nobody watches a film twice."""
    for user, count in zip(users, activities(chance), strict=True):
        # Drawn without replacement, each with a chance in proportion to its weight (Efraimidis and Spirakis).
        watched = heapq.nsmallest(count, items, key=lambda item: -math.log(1 - chance.random()) / weight(user, item))
        joined = chance.random() * (DAYS - 30)
        for number, item in enumerate(sorted(watched, key=lambda _: chance.random())):
            # An evening now and then, a few films each.
            evening = joined + (number // 4) * (DAYS - joined) / (count // 4 + 1)
            yield START + int(evening) * DAY + int((18 + number % 4 * 1.5 + chance.random()) * 3600), user.id, item.id


def activities(chance: random.Random) -> list[int]:
    """How many films each user watches: many watch few, few watch many, INTERACTIONS in all."""
    eagerness = [chance.random() ** 4 + 0.02 for _ in range(USERS)]
    spread = INTERACTIONS - USERS * LEAST_PER_USER
    counts = [LEAST_PER_USER + int(spread * share / sum(eagerness)) for share in eagerness]
    for index in range(INTERACTIONS - sum(counts)):  # what rounding left over
        counts[index % USERS] += 1
    return counts


def weight(user: User, item: Item) -> float:
    """How likely a user is to watch an item: liking it, and hearing of it at all."""
    liking = sum(user.taste[genre] for genre in item.genres) / len(item.genres)
    return liking * liking * item.popularity


def shuffled(count: int, chance: random.Random) -> list[int]:
    """The numbers below `count` in any order; of `random`'s methods only random() is promised never to change."""
    return sorted(range(count), key=lambda _: chance.random())


def write(path: Path, columns: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


if __name__ == "__main__":
    main()
