"""Runs each program of a JSON list as `f(3)` and says what it gives, in the same words as the test beside it."""

import ast
import contextlib
import io
import json
import sys


def outcome(source):
    space = {"__name__": "answer"}
    with contextlib.redirect_stdout(io.StringIO()):
        try:
            exec(compile(source, "answer", "exec"), space)
            return "gives " + repr(space["f"](3))
        except SyntaxError:
            return "no Python"
        except Exception as error:
            return "raises " + type(error).__name__


def apart(source):
    """The program, and one more for each of several things that it returns at its end."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return [source]
    last = tree.body[-1].body[-1] if hasattr(tree.body[-1], "body") else None
    value = getattr(last, "value", None)
    if not isinstance(last, ast.Return) or not isinstance(value, (ast.List, ast.Tuple)):
        return [source]
    programs = [source]
    for part in value.elts:
        if not isinstance(part, ast.Starred):
            last.value = part
            programs.append(ast.unparse(tree))
    return programs


sys.setrecursionlimit(3000)
given = json.load(sys.stdin)
if sys.argv[1:] == ["apart"]:
    json.dump([program for source in given for program in apart(source)], sys.stdout)
else:
    json.dump([outcome(source) for source in given], sys.stdout)
