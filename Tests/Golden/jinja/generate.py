"""Writes what transformers' template engine makes of small templates, which are all our own.

    python generate.py

expressions.json: pairs of an expression and its text, or null where Python raises; each is rendered as `{{ expression }}` with
VARIABLES. Most are products: each operator with each pair of values, each filter, test and method with each value.
dates.json: seconds since 1970, a format, and what `strftime` makes of them in UTC.
templates.json: templates with statements, their text or error, and the positions of `generation` blocks.
manifest.json: versions and SHA-256 digests. Needs transformers and jinja2 (last run with the versions of the manifest).

What differs by intent is left out: integers beyond 64 bits, objects that Python writes with their address, `pprint`, `random`,
`urlize`, `encode`, and memory hogs.
"""

import copy
import datetime
import hashlib
import itertools
import json
import pathlib
import warnings

import jinja2
import transformers
from transformers.utils.chat_template_utils import _compile_jinja_template, _render_with_assistant_indices

warnings.simplefilter("ignore")
HERE = pathlib.Path(__file__).parent
VARIABLES = {
    "m": "Hello, World", "empty": "", "u": "\u00e9\u00df\u0130 \u03a3\u03a3 \U0001f600\u01c6", "sp": " \t two  words\u00a0\n",
    "lines": "a\nb\r\n\nc\u2028d\r", "digits": "-042", "quotes": "it's \"so\" \\ \x07\u200b", "html": "<b>&amp; 'x'</b>",
    "i": 7, "neg": -3, "zero": 0, "big": 9007199254740993, "f": 2.5, "tiny": 1e-07, "huge": 1e22, "t": True, "no": False,
    "n": None, "l": [3, 1, 2], "mixed": [1, "a", None, 2.0, True], "words": ["b", "A", "a", "B"], "nothing": [],
    "d": {"b": 1, "a": "x", "items": 5, "C": None}, "ed": {}, "deep": [{"k": {"x": 1}}, {"k": {"x": 0}}, {"q": 2}],
    "people": [{"name": "Bo", "age": 3}, {"name": "al", "age": 2}, {"name": "Al", "age": 3}],
}
VALUES = ["m", "empty", "u", "digits", "i", "neg", "zero", "big", "f", "tiny", "huge", "t", "no", "n", "l", "mixed", "words",
          "nothing", "d", "ed", "(1, 'a')", "missing", "range(3)", "(m|safe)", "d.keys()"]
# Repetitions by big numbers would fill the memory before Python noticed.
LARGE = {"big", "huge"}


def operators():
    for left, right in itertools.product(VALUES, VALUES):
        for operator in ["+", "-", "*", "/", "//", "%", "**", "==", "!=", "<", ">=", "in", "not in", "~", "and", "or"]:
            # Python's quotients of integers beyond 2^53 are rounded once; its differences of keys are sets.
            if operator in ("*", "**") and LARGE & {left, right} or operator == "/" and "big" in (left, right):
                continue
            if "d.keys()" in (left, right) and operator in ("-", "<", ">="):
                continue
            yield f"{left} {operator} {right}"
    for value in VALUES:
        yield from (f"-{value}", f"+{value}", f"not {value}", f"{value}", f"[{value}, ({value},)]", f"{{'k': {value}}}")
        yield from (f"{value}.x", f"{value}['x']", f"{value}[0]", f"{value}.0", f"{value}[-1]", f"{value}[99]", f"{value}[n]")
        yield from (f"{value}[1:]", f"{value}[:-1]", f"{value}[::-1]", f"{value}[5:1:-2]", f"{value}[::0]", f"{value}['a':n]")
        yield from (f"{value}[-100:100:3]", f"{value}[n:n]", f"{value}[t]", f"{value}()", f"{value} if {value} else 'F'")
        yield from (f"{value}.__class__", f"{value}.items", f"dict({value})", f"range({value})|list|length", f"{value}[(1, 2)]")


FILTERS = {
    "abs": [""], "attr": ["('upper')", "('b')", "('items')"], "batch": ["(2)", "(2, 'x')", "(0)"], "capitalize": [""],
    "center": ["", "(9)", "(16)", "(width=5)"], "count": [""], "d": ["('D')", "('D', true)", "(boolean=true)"],
    "default": [""], "dictsort": ["", "(true)", "(false, 'value')", "(by='x')", "(reverse=true)"], "e": [""],
    "filesizeformat": ["", "(true)"], "first": [""], "float": ["", "(1.5)"], "forceescape": [""],
    "format": ["", "(1)", "(a=1)"], "groupby": ["('k')", "(0)"], "indent": ["", "(2, true)", "('>')", "(2, blank=true)"],
    "int": ["", "(5)", "(5, 16)", "(base=0)"], "items": [""], "join": ["", "(', ')", "('-', attribute='k')"], "last": [""],
    "length": [""], "list": [""], "lower": [""],
    "map": ["('upper')", "('int')", "(attribute='k')", "(attribute='k', default='D')", "('nothing')", "('replace', 'a', 'b')"],
    "max": ["", "(true)"], "min": ["", "(attribute='age')"], "reject": ["", "('odd')"], "rejectattr": ["('k')"],
    "replace": ["('a', 'b')", "('', '-')", "('l', 'L', 2)", "(1, 2)"], "reverse": [""],
    "round": ["", "(1)", "(1, 'floor')", "(-1)", "(method='ceil')", "(method='x')"], "safe": [""],
    "select": ["", "('odd')", "('nothing')", "('string')"], "selectattr": ["('k')", "('k', 'defined')", "()"],
    "slice": ["(2)", "(2, 'x')", "(0)"], "sort": ["", "(true)", "(case_sensitive=true)", "(attribute='age')"], "string": [""],
    "striptags": [""], "sum": ["", "(start=1)", "(attribute='k')"], "title": [""],
    "tojson": ["", "(true)", "(indent=2)", "(indent='\\t')", "(separators=(',', ':'))", "(sort_keys=true)"],
    "trim": ["", "('Hd')", "(chars=' ')"], "truncate": ["", "(5)", "(5, true)", "(5, false, '..', 0)", "(2)"],
    "unique": ["", "(true)"], "upper": [""], "urlencode": [""], "wordcount": [""],
    "wordwrap": ["", "(3)", "(4, false)", "(5, wrapstring='|')"], "xmlattr": ["", "(false)"], "nothing": [""],
}
LAZY = {"batch", "items", "map", "reject", "rejectattr", "reverse", "select", "selectattr", "slice", "unique"}
OBJECTS = VALUES + ["sp", "lines", "quotes", "html", "deep", "people", "(html|e)", "'1_0'", "'0x1f'", "' 12.5e1 '", "'inf'",
                    "'nan'", "2.675", "1e16", "123456.789", "-0.0", "15", "'state-of-the-art -- or so'", "d.items()"]


def filters():
    for value, (name, arguments) in itertools.product(OBJECTS, FILTERS.items()):
        for given in arguments:
            if name == "center" and value in LARGE or "filesizeformat" in name and value == "'nan'":
                continue
            yield f"{value}|{name}{given}"
            if name in LAZY:
                yield f"{value}|{name}{given}|list"


TESTS = ["boolean", "callable", "defined", "divisibleby 2", "divisibleby(zero)", "eq 7", "equalto('x')", "escaped", "even", "false",
         "filter", "float", "ge 2", "greaterthan 2", "gt('a')", "in 'Hello'", "in [7, 'x']", "integer", "iterable", "le 2",
         "lessthan 2", "lower", "lt 3", "mapping", "ne 7", "none", "number", "odd", "sameas true", "sameas none", "sequence", "string",
         "test", "true", "undefined", "upper", "not defined", "not none", "nothing", "defined and true", "defined(1)"]

METHODS = {
    "capitalize": [""], "casefold": [""], "center": ["9", "8, '*'", "9, '**'", "'x'"], "count": ["'l'", "''", "'l', 3", "'l', -3, -1"],
    "endswith": ["'d'", "('x', 'd')", "''", "'o', 0, 5", "1"], "expandtabs": ["", "4"], "find": ["'o'", "'o', 5", "'x'", "'', 99"],
    "format": ["", "1, 2", "a=1"], "index": ["'o'", "'x'"], "isalnum": [""], "isalpha": [""], "isascii": [""], "isdecimal": [""],
    "isdigit": [""], "isidentifier": [""], "islower": [""], "isnumeric": [""], "isprintable": [""], "isspace": [""],
    "istitle": [""], "isupper": [""], "join": ["['a', 'b']", "'ab'", "[1]", "words"], "ljust": ["15", "15, '.'"], "lower": [""],
    "lstrip": ["", "'He'", "none_"], "partition": ["', '", "'x'", "''"], "removeprefix": ["'He'", "'x'"], "removesuffix": ["'ld'"],
    "replace": ["'l', 'L'", "'l', 'L', 1", "'', '-'", "'l'", "'l', 'L', count=1"], "rfind": ["'o'", "'o', 0, 5"], "rindex": ["'o'"],
    "rjust": ["15"], "rpartition": ["'o'", "'x'"], "rsplit": ["", "'o'", "'o', 1", "n, 1", "maxsplit=1"], "rstrip": ["", "'dl'"],
    "split": ["", "'o'", "'o', 1", "n, 1", "sep=' '", "maxsplit=0", "''", "', '"], "splitlines": ["", "true"],
    "startswith": ["'H'", "('x', 'H')", "'l', 2", "['H']"], "strip": ["", "' d'", "1"], "swapcase": [""], "title": [""],
    "upper": [""], "zfill": ["5", "15"], "nothing": [""],
}


def methods():
    for value in ["m", "empty", "u", "sp", "lines", "digits", "quotes", "html", "(html|safe)", "'they''re Bill\\'s'", "'\u1e9eA\u0345'"]:
        for name, arguments in METHODS.items():
            for given in arguments:
                yield f"{value}.{name}({given})"
        yield from (f"{value} is {test}" for test in TESTS)
    for value in VALUES:
        yield from (f"{value} is {test}" for test in TESTS)
    for value in ["d", "ed"]:
        for call in ["get('b')", "get('x')", "get('x', 1)", "items()", "keys()", "values()", "copy()", "get()", "get(l)", "pop('b')",
                     "update(ed)", "keys()|list", "items()|list", "values()|first", "keys()|last", "items()[0]", "keys()|length",
                     "items", "get", "C", "nothing()"]:
            if call not in ("get", ):
                yield f"{value}.{call}"
    for value in ["l", "mixed", "(1, 2, 1)"]:
        for call in ["count(1)", "index(1)", "index(9)", "index(1, 1)", "append(1)", "pop()", "sort()", "copy()", "nothing"]:
            yield f"{value}.{call}"


FORMATS = [
    "'%d %i %s %r %%'|format(7, 8.9, 'x', 'y')", "'%5.2f|%-8s|%+d|% d|%05d'|format(3.14159, 'ab', 3, 4, -5)", "'%x %X %#x %o'|format(255, 255, 255, 8)",
    "'%e %E %g %G'|format(12345.678, 0.00012, 1e10, 1e-10)", "'%s'|format(l)", "'%(a)s-%(b)05.1f'|format(a=1, b=2.25)",
    "'%s %s' % ('a', 'b')", "'%s' % 'a'", "'%s' % l", "'%s' % (1, 2)", "'%s %s' % 'a'", "'a' % ()", "'a' % 1", "'%c%c' % (65, 'b')",
    "'%*d' % (5, 3)", "'%.3s' % 'abcdef'", "'%d' % 'x'", "'%(a)s' % {'a': 1}", "'%(b)s' % {'a': 1}", "'%' % 1", "'%y' % 1", "'%.0f %.1f' % (2.5, 0.25)",
    "'%5s%%' % n", "'%s' % missing", "'%r' % m", "'{} {}'.format(1, 'a')", "'{0}{1}{0}'.format('a', 'b')", "'{a}-{b!r}'.format(a=1, b='x')",
    "'{:>8}|{:<8}|{:^8}|{:*^9}'.format('ab', 'cd', 'ef', 'gh')", "'{:05d} {:+d} {:,} {:_}'.format(42, 7, 1234567, 1234567)",
    "'{:.2f} {:10.3f} {:e} {:g} {:%}'.format(3.14159, 2.5, 12345.6, 0.0001, 0.256)", "'{:x} {:X} {:#x} {:b} {:o} {:c}'.format(255, 255, 255, 5, 8, 65)",
    "'{{}}'.format()", "'{'.format()", "'}'.format()", "'{} {0}'.format(1)", "'{x}'.format()", "'{0[a]} {0[b]}'.format(d)", "'{0.b}'.format(d)",
    "'{0.__class__}'.format(m)", "'{:{}}'.format('ab', 5)", "'{:{w}}'.format('ab', w=6)", "'{!s:>5}'.format(n)", "'{:5}|{:<5}|'.format(3, 3)", "'{:d}'.format('x')",
    "'{:s}'.format(1)", "'{:.3}'.format('abcdef')", "'{:.3}'.format(3.14159)", "'{:=+6d}'.format(42)", "'{}'.format(true)", "'{:d}'.format(true)", "'{0[0]}{0[2]}'.format(l)",
    "'{}'.format(missing)", "'{}'.format(l)", "'{:>5}'.format(l)", "'{a}'.format_map(d)", "'{z}'.format_map(d)", "'{}'.format(1.0)", "'{:g}'.format(1e20)", "'{:,.2f}'.format(1234567.891)",
]

SYNTAX = [
    "1 + 2 * 3 - 4", "2 ** 3 ** 2", "-2 ** 2", "7 // 2 * 2 + 7 % 2", "'a' ~ 1 + 2 ~ 'b'", "1 ~ 2 * 3", "not 1 == 2", "not true and false or true", "1 < 2 < 3", "1 < 3 < 2",
    "1 == 1 != 2", "1 in [1] == true", "not 1 in [2]", "1 not in [2]", "'a' 'b' \"c\"", "1 if 0 else 2 if 0 else 3", "1 if 0", "(1 if 0) is defined", "[1, 2,]", "(1,)", "()", "(1)",
    "1, 2", "{}", "{'a': 1, 'b': 2,}", "{1: 'x', 1.0: 'y', true: 'z'}", "{l: 1}", "'\\n\\t\\x41\\u00e9\\101\\\\\\q\\''|tojson", "\"\\U0001F600\"", "'\\xe9\\777'", "'\u00e9\\\u00e9'",
    "1_000", "0x1F", "0o17", "0b101", "1e3", "1.5e-3", "1_0.2_5", "1.", ".5", "07", "00", "1e400", "deep[0].k.x", "deep.0.k", "deep[0]['k']['x']", "d['a'].upper()", "d.a.upper()", "d.items()|list",
    "d['items']", "d.items", "m.upper()", "m['upper']()", "m.upper.x", "missing.x", "missing['x']", "missing()", "missing + 1", "missing == missing", "missing != 1", "missing == n", "missing < 1", "missing ~ 'x'", "missing|length",
    "missing|list", "missing|first", "missing|upper", "missing|tojson", "missing|default('D')", "d.x.y", "d.x|default('D')", "d.x is defined", "missing in [1]", "1 in missing", "missing|join", "missing.x is defined",
    "[missing]", "missing|int", "missing|float", "missing|string", "missing|trim", "missing if false", "-missing", "missing[0:1]", "n.x", "n + 1", "n|upper", "n|int", "n is none", "n|length", "'x' + 1", "1 + 'x'", "'x' + n",
    "l + [4]", "l + (4,)", "l * 2", "'ab' * 3", "3 * 'ab'", "'ab' * -1", "[0] * 3", "1 / 2", "4 / 2", "1 / 0", "1 % 0", "1 // 0", "5.5 // 2", "-7 // 2", "-7 % 3", "7 % -3", "5.5 % -2", "-0.0", "0.1 + 0.2", "1e16", "1e15", "123456789012345678",
    "1e-5", "0.0001", "2 ** -1", "2 ** 0.5", "(-8) ** 0.5", "0 ** -1", "true + 1", "true * 'a'", "10 ** 18", "m is string is true", "m is not string", "m is in ['a']", "m is in('Hello, World')", "7 is divisibleby 7", "7 is divisibleby(2) or false",
    "l|sort|join(',')", "l|sort(reverse=true)|first", "words|sort|join", "words|sort(case_sensitive=true)|join", "words|unique|join", "words|map('lower')|unique|list", "people|sort(attribute='age,name')|map(attribute='name')|join(',')",
    "people|groupby('age')|list", "people|groupby('name')|map('first')|join", "(people|groupby('age'))[0].grouper", "(people|groupby('age')|first).list", "people|sum(attribute='age')", "people|selectattr('age', 'gt', 2)|map(attribute='name')|list",
    "people|rejectattr('age', 'eq', 3)|list", "people|map(attribute='x', default=9)|list", "people|min(attribute='age')", "people|max(attribute='name')", "people|sort(attribute='x')", "mixed|sort", "[2, 1.5, true]|sort", "[[2], [1, 2], [1]]|sort",
    "[('b', 1), ('a', 2)]|sort", "[('b', 1), ('a', 2)]|tojson", "{'z': 1, 'a': {'y': [], 'x': {}}}|tojson(indent=4)", "[]|tojson(indent=2)", "d|tojson(sort_keys=true, indent=1)", "[1.0, 1e16, 0.1, -0.0]|tojson", "('inf'|float)|tojson", "{1: 2, n: 3, 2.5: 4, true: 5}|tojson",
    "{'a': 1, 2: 3}|tojson(sort_keys=true)", "u|tojson", "u|tojson(true)", "quotes|tojson", "[quotes]", "[u]", "[html|safe]", "(html|safe) + '<'", "'<' + (html|safe)", "(html|safe) ~ '<'", "(html|safe) * 2", "(html|safe)[0:3] + '<'", "(html|safe)|upper + '<'",
    "(html|safe).upper() + '<'", "(html|e)|e", "('%s'|safe)|format('<')", "('{}'|safe).format('<')", "(', '|safe).join(['<', '>'])", "['<', '>'|safe]|join('&')", "(html|safe).replace('b', '<')", "(html|safe)|replace('b', '<') + '<'", "(html|safe)|string + '<'", "(html|safe) is string", "(html|safe) == html",
    "range(5)", "range(1, 5)|list", "range(5, 1, -2)|list", "range(0)", "range(1, 2, 0)", "range('a')", "range(100001)|length", "range(100000)|length", "range(3)[1]", "range(10)[2:8:2]", "range(3) == range(0, 3)", "range(3)|last", "1 in range(3)", "range(3).stop", "range(2, 9, 3)", "range(3)|reverse|list", "range(9)[::-1]|list",
    "dict(a=1, b=2)", "dict([('a', 1)], b=2)", "dict(d, b=2)", "dict(1)", "dict.fromkeys", "dict(a=1).a", "namespace(a=1)", "namespace(a=1).a", "namespace(d)", "namespace(a=1).b", "namespace(a=1)['a']", "namespace(_a=1)", "namespace(1)", "cycler(1, 2).next()", "cycler()", "joiner()()", "raise_exception('x')", "raise_exception()", "strftime_now(1)",
    "m.__class__.__mro__", "m.__class__", "m['__class__']", "d.__len__", "d['__class__']", "l.append", "l.append(1)", "d.update({})", "d.pop", "m.format", "m|attr('__class__')", "m|attr('upper')", "d|attr('b')", "d|attr('items') is callable", "().__class__", "cycler.__init__", "range.__doc__",
    "'a,b,,c'.split(',')", "' a  b '.split()", "' a  b '.split(' ')", "'a b c'.split(n, 1)", "'a b c '.rsplit(n, 1)", "' a b c'.rsplit(n, 1)", "'aXbXc'.rsplit('X', 1)", "'abc'.split('')", "'a\\nb\\r\\nc'.splitlines()", "'a\\nb\\n'.splitlines(true)", "'<think>x</think>y'.split('</think>')[-1]", "'a</think>b'.split('</think>')|last",
    "'abc'.startswith('a') and 'abc'.endswith(('x', 'c'))", "u.upper()", "u.lower()", "u.title()", "u.capitalize()", "u.swapcase()", "u.casefold()", "u|length", "u[2]", "u[-1]", "u[1:4]", "u[::-1]", "u|list", "u|reverse", "u.find('\u03a3')", "u.index(' ')", "u.center(20, '\u00e9')", "u|center(15)", "u|wordcount", "u|truncate(5, true, '', 0)",
    "'\u0391\u03a3. \u03a3'.lower()", "'\u01c6\u0149'.title()", "'\ufb01x'.upper()", "'\u00bd\u00b2\u0664'.isdigit()", "'\u00b2'.isdecimal()", "'\u00bd'.isnumeric()", "'\u0664'|int", "'a\u00a0b\u3000c'.split()", "'x\\x1cy\\x85z'.splitlines()", "[1, 2, 3]|batch(2)|list", "'abcdefg'|batch(3, '-')|map('join')|list", "[1, 2, 3, 4, 5]|slice(3)|list",
    "l|first", "l|last", "''|first", "''|last", "[]|last", "d|first", "d|last", "d|list", "m|list", "5|list", "l|length", "5|length", "d|length", "l|sum", "['a']|sum", "[[1], [2]]|sum(start=[])", "l|max", "[]|max", "l|min", "'bca'|min", "words|max", "42.7|int", "'42.7'|int", "'x'|int", "'x'|int(9)", "'ff'|int(0, 16)", "'0b11'|int(0, 2)", "''|int", "n|int(3)",
    "true|int", "1e400|int", "'1e3'|float", "'x'|float", "2.5|round", "3.5|round", "-2.5|round", "2.675|round(2)", "1234|round(-2)", "1250|round(-2)", "1234.5|round(-2)", "42.55|round(1, 'floor')", "42.55|round(1, 'ceil')", "7|round(1)", "'a'|round", "true|round", "5|abs", "-5.5|abs", "'x'|abs", "1000|filesizeformat", "1500000|filesizeformat", "1536|filesizeformat(true)",
    "1|filesizeformat", "0|filesizeformat", "'a b&c=d/e?'|urlencode", "{'a b': 'c&d', 'e': 1}|urlencode", "[('x', 1)]|urlencode", "{'class': 'a b', 'id': n, 'x': missing, 'y': '<'}|xmlattr", "{'a b': 1}|xmlattr", "'foo bar-baz (qux) [x] {y} <z'|title", "'hello world'|capitalize", "'the quick brown fox'|wordwrap(9)", "'supercalifragilistic'|wordwrap(6)",
    "'a-b-c-d well-known thing'|wordwrap(8)", "'one\\n\\ntwo three'|wordwrap(4)", "'a\\nb\\n\\nc'|indent", "'a\\nb\\n\\nc'|indent(2, true, true)", "'a\\nb'|indent('> ')", "''|indent(2, true)", "'x'|indent(width=2, first=true)", "'<p>a <b>b</b>  c</p><!-- x -->&lt;'|striptags", "'long text here to cut'|truncate(10)", "'long text here to cut'|truncate(10, true)",
    "'long text here'|truncate(9, false, '!', 0)", "'abc'|truncate(2)", "'abc'|replace('b', 1)", "123|replace(2, 'x')", "'aaa'|replace('a', 'b', 2)", "'aaa'.replace('a', 'b', 2)", "' x '|trim", "'xxaxx'|trim('x')", "12|string + 'x'", "l|string", "1.0|string", "1e100|string", "'a'|string|list", "[1, 2]|join('-')", "[1, n, true]|join(',')", "'abc'|join('-')",
    "l|map('string')|join", "l|map('multiply')|list", "l|map()|list", "l|map(attribute='x')|list", "l|map(attribute='x', foo=1)|list", "l|select('gt', 1)|list", "l|select('in', [1])|list", "l|reject('even')|list", "[0, 1, '', 'a', n]|select|list", "[0, 1]|reject|list", "l|select('divisibleby', 2)|map('string')|list|tojson", "(l|select)|length",
    "(l|map('abs'))|first", "(l|map('abs'))|last", "[{'a': [1, 2]}]|map(attribute='a.1')|list", "[[1, 2]]|map(attribute=1)|list", "[(1, 2)]|map('last')|list", "l|reverse|list", "'abc'|reverse", "d|reverse|list", "5|reverse", "d|dictsort", "{'b': 1, 'A': 2}|dictsort", "{'b': 1, 'A': 2}|dictsort(true)", "{'b': 1, 'A': 2}|dictsort(by='value')", "d|items|list", "missing|items|list", "l|items|list",
    "l is iterable and l is sequence and l is not mapping", "d is mapping", "m is iterable", "5 is number", "true is number", "true is integer", "1 is true", "true is true", "1.0 is float", "'A' is upper", "'a1' is lower", "1 is lower", "raise_exception is callable", "'upper' is filter", "'x' is filter", "'odd' is test", "5 is odd", "'x' is odd", "5.0 is odd", "1 is sameas 1", "l is sameas l", "n is sameas none", "5 is eq 5.0", "5 is lt 6", "'a' is lt 6",
    "1 is in [1, 2]", "1 is not in [1, 2]", "'k' is in d", "missing is in [1]", "loop", "caller", "true and 'x'", "'' or 'y'", "0 and missing.x", "1 or missing.x", "l == [3, 1, 2]", "(1, 2) == [1, 2]", "d == d", "{'a': 1, 'b': 2} == {'b': 2, 'a': 1}", "1 == 1.0", "1 == true", "'1' == 1", "n == false", "'a' < 'b'", "'Z' < 'a'", "'\u00e9' > 'z'", "[1, 2] < [1, 3]", "[1] < [1, 0]", "(1, 'a') < (1, 2)", "1 < 'a'", "n < 1", "d < d", "big == big + 0.0", "big > 9007199254740992.0",
    "f(1)", "m(1)", "m.upper(1)", "m.split(sep=',', foo=1)", "m.center(20, fillchar='x')", "m.split(*[','])", "m.split(**{'sep': ','})", "dict(**d)", "dict(*[1, 2])", "m.replace(*['l', 'L'], **{})", "m|replace(*['l', 'L'])", "'%s'|format(*l)", "(m|upper).lower()", "m|upper|lower|title", "m|upper()", "[m|upper, m|lower]", "m.upper()|lower", "(1).real", "1.real", "l[0].real", "l.0", "l.-1", "d.'a'", "d['a', 'b']", "l[1, 2]", "l[1:2, 3]", "l[]",
    "(", ")", "1 +", "+ 1", "1 1", "a b", "'abc", "{'a'}", "{'a': }", "[1, 2", "1 if", "if", "not", "is", "1 is", "1 is not", "x |", "x|1", "f(a=1, 2)", "f(a=1, a=2)", "f(**d, a=1)", "f(*l, 1)", "f(,)", "f(1,)", "1..2", "1 <> 2", "a = 1", "1 ? 2", "a; b", "a!", "'a' is string is string", "x|a.b", "`a`", "@", "$", "\\", "a and", "lambda: 1", "1 is none is none", "- - 1", "not not 1", "+-+1", "--1|abs", "-1|abs", "(-1)|abs", "-l[0]", "2 * -1", "2 ** -1 ** 1",
    "true", "True", "TRUE", "None", "none", "nil", "null", "inf", "\u00e9t\u00e9 is defined", "_x is defined", "x1 is defined", "1x",
]


# Turns of years, leap days, noon and midnight, and weeks of ISO 8601 that belong to another year.
SECONDS = [0, 951782400, 1104537599, 1109635200, 1230768000, 1262304000, 1483228799, 1609459200, 1704067200, 1709208000,
           1735689600, 1767225599, 1782864296, 2524607999, 4102444800, -86400, -2208988800]
DIRECTIVES = "aAbBcCdDeFgGHhIjklmMnpPrRSstTuUVwWxXyYzZ%qE"


def dates():
    """Not `%f`: a time is given in whole seconds."""
    for seconds in SECONDS:
        time = datetime.datetime(1970, 1, 1) + datetime.timedelta(seconds=seconds)
        formats = ["|".join(f"%{letter}" for letter in DIRECTIVES if letter not in "sqE"), "%-d %-m %_d %^a %-I:%M %-j %%d %", "%d %b %Y", "\u00e9%Y"]
        for form in formats:
            yield seconds, form, time.strftime(form)


def templates():
    yield from json.loads((HERE / "source.json").read_text(encoding="utf-8"))


def fits(text):
    """Whether all that Python writes is something that we write too."""
    return " at 0x" not in text and "<bound method" not in text and "j)" not in text and not any(len(part.strip("-")) > 18 and part.strip("-").isdigit() for part in text.replace(",", " ").replace("]", " ").replace("[", " ").split())


def expression(source):
    try:
        # A copy, since `list|indent` adds line breaks to the list before it fails.
        return _compile_jinja_template("{{ " + source + " }}").render(**copy.deepcopy(VARIABLES))
    except Exception:
        return None


def render(case):
    variables = case.get("variables", {})
    try:
        compiled = _compile_jinja_template(case["template"])
        given = {"messages": [], "tools": None, "documents": None, "add_generation_prompt": False} | variables
        text, blocks = _render_with_assistant_indices(compiled, **given)
        positions = [[len(text[:start].encode()), len(text[:end].encode())] for start, end in blocks]
        return {"text": text, "generations": positions}
    except jinja2.exceptions.TemplateError as error:
        return {"error": str(error) if type(error) is jinja2.exceptions.TemplateError else ""}
    except Exception:
        return {"error": ""}


def main():
    sources = dict.fromkeys(itertools.chain(SYNTAX, FORMATS, methods(), filters(), operators()))
    results = [(source, expression(source)) for source in sources]
    results = [[source, text] for source, text in results if text is None or fits(text)]
    cases = [case | render(case) for case in templates()]
    files = {
        "variables.json": json.dumps(VARIABLES, ensure_ascii=True),
        "dates.json": "[\n" + ",\n".join(json.dumps(date) for date in dates()) + "\n]\n",
        "expressions.json": "[\n" + ",\n".join(json.dumps(pair) for pair in results) + "\n]\n",
        "templates.json": "[\n" + ",\n".join(json.dumps(case) for case in cases) + "\n]\n",
    }
    for name, text in files.items():
        (HERE / name).write_text(text, encoding="utf-8")
    digests = {name: hashlib.sha256((HERE / name).read_bytes()).hexdigest() for name in [*files, "source.json", "generate.py"]}
    versions = {"jinja2": jinja2.__version__, "transformers": transformers.__version__}
    (HERE / "manifest.json").write_text(json.dumps({"versions": versions, "sha256": digests}, indent=2) + "\n")
    print(len(results), "expressions,", sum(text is None for _, text in results), "errors;", len(cases), "templates")


if __name__ == "__main__":
    main()
