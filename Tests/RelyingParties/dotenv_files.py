"""Makes .env files by chance and says how python-dotenv reads each, as JSON.

    dotenv_files.py COUNT SEED

For each file: its text, the bindings of python-dotenv's own parser (name, value, and whether it calls the line an error), and
the values with and without interpolation, from an empty environment.
"""

import io
import json
import random
import sys

from dotenv import dotenv_values
from dotenv.parser import parse_stream

NAMES = ["A", "B", "DB_URL", "TOKEN", "_X", "LONG_NAME_2", "a", "export", "Exported"]
WORDS = ["x", "hunter2", "p4ss", "a b", "ünïcödé", "1", "a#b", "a=b", "it's", "say \"hi\"", "\\n", "\\", "$HOME", "a\tb", "🔑",
         "a\u00a0b", "-----BEGIN KEY-----"]
BLANKS = ["", " ", "  ", "\t"]
ENDS = ["\n", "\n", "\n", "\r\n", "\n\n", " \n"]


def words(chance):
    return " ".join(chance.choice(WORDS) for _ in range(chance.randint(0, 3)))


def unquoted(chance):
    text = words(chance).replace("\n", "")
    if chance.random() < 0.2:
        text += chance.choice([" # comment", "#no comment", "\t# comment"])
    return text


def double(chance):
    text = words(chance)
    if chance.random() < 0.85:
        text = text.replace("\\", "\\\\").replace('"', '\\"')
    if chance.random() < 0.3:
        text += chance.choice(["\nsecond line", "\\t", "\\x", "\\$", "\r\nsecond line"])
    return f'"{text}"'


def single(chance):
    text = words(chance)
    if chance.random() < 0.85:
        text = text.replace("\\", "\\\\").replace("'", "\\'")
    if chance.random() < 0.2:
        text += "\nsecond line"
    return f"'{text}'"


def reference(chance):
    form = chance.choice(["${%s}", "${%s:-standard}", "pre${%s}post", '"${%s} x"', "'${%s}'", "${%s", "$%s"])
    return form % chance.choice(NAMES)


def value(chance):
    make = chance.choices([unquoted, double, single, reference], [5, 3, 2, 0.4])[0]
    return make(chance)


def line(chance):
    kind = chance.random()
    if kind < 0.1:
        return "# " + words(chance)
    if kind < 0.13:
        return chance.choice(["JUST_A_NAME", "two words=x", "=x", "export", "a-b=c", "1ST=x", "'quoted'=x", "A.B=c"])
    head = chance.choice(["", "", "", "export ", "export\t", " "])
    name = chance.choice(NAMES)
    equals = chance.choice(["=", "=", "=", " = ", "= ", " ="])
    tail = chance.choice(["", "", "", " # why", "  "]) if chance.random() < 0.3 else ""
    return head + name + equals + value(chance) + tail


def file(chance):
    lines = [line(chance) for _ in range(chance.randint(0, 7))]
    text = "".join(each + chance.choice(ENDS) for each in lines)
    if chance.random() < 0.1:
        text = text.rstrip("\r\n")
    if chance.random() < 0.03:
        text = "\ufeff" + text
    return text


def read(text):
    # A file opened as text has its line ends made one, as `dotenv_values(path)` does; a BOM it leaves in.
    text = io.TextIOWrapper(io.BytesIO(text.encode()), encoding="utf-8").read()
    bindings = [
        [each.key, each.value, each.error] for each in parse_stream(io.StringIO(text)) if each.key is not None or each.error
    ]
    return {
        "bindings": bindings,
        "literal": dotenv_values(stream=io.StringIO(text), interpolate=False),
        "expanded": dotenv_values(stream=io.StringIO(text), interpolate=True),
    }


def main():
    import os

    os.environ.clear()
    chance = random.Random(int(sys.argv[2]))
    result = []
    for _ in range(int(sys.argv[1])):
        text = file(chance)
        result.append({"text": text, **read(text)})
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
