"""Checks of the words on a command line whose errors tyro does not explain."""

import difflib
import re


def check_command(words, commands, otherwise):
    """Raise a `ValueError` if the first word is no command.

    Args:
        words: Words of the command line, without the program's name.
        commands: Names of the commands.
        otherwise: Sentence for a word that is like none of them.
    """
    word = words[0] if words else "-"
    if word in commands or word.startswith("-"):
        return
    near = difflib.get_close_matches(word, commands, n=2)
    hint = f"Did you mean {' or '.join(near)}?" if near else otherwise
    raise ValueError(f"There is no command {word!r}. {hint} Commands: {', '.join(commands)}.")


def check_sizes(words):
    """Raise a `ValueError` unless every `--size` is followed by a height and a width.

    Args:
        words: Words of the command line.
    """
    for place in (i for i, word in enumerate(words) if word == "--size"):
        values = words[place + 1 : place + 3]
        if len(values) == 2 and all(re.fullmatch(r"-?\d+", value) for value in values):
            continue
        got = " ".join(values).partition(" -")[0] or "nothing"
        swapped = re.match(r"(\d+)[x,](\d+)\b", got)
        height, width = (swapped[2], swapped[1]) if swapped else (360, 640)
        raise ValueError(
            f"--size needs HEIGHT WIDTH, two numbers of px; got {got}. A height of {height} and a "
            f"width of {width} are: --size {height} {width}"
        )
