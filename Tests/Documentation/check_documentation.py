#!/usr/bin/env python3
"""Finds public symbols without a documentation comment, and public throwing functions that do not say what they throw.

    python3 Tests/Documentation/check_documentation.py [TARGET ...]

Targets are folders of Sources; without any, all that hold no executable are checked. Prints FILE:LINE: and the problem, then
the two counts. Exits with 1 if there is any problem, with 2 for a target that does not exist.

Symbols are declarations marked `public` or `open`, cases of public enums and requirements of public protocols. Witnesses of
the standard library's protocols, whose documentation they inherit, are passed over.
"""
import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]

ATTRIBUTES = r'(?:@[\w.]+(?:\([^)]*\))?\s+)*'
MODIFIERS = (r'(?:(?:nonisolated(?:\(unsafe\))?|static|final|class|override|mutating|nonmutating|indirect|convenience'
             r'|required|lazy|weak|consuming|borrowing|private\(set\)|package\(set\)|internal\(set\)|prefix)\s+)*')
KINDS = r'(func|var|let|init|struct|enum|class|actor|protocol|typealias|associatedtype|subscript|case|extension)\b'
PUBLIC = re.compile(rf'^\s*{ATTRIBUTES}{MODIFIERS}(?:public|open)\s+{MODIFIERS}{KINDS}[?!]?\s*([^\s(:<{{=]*)')
MEMBER = re.compile(rf'^\s*{ATTRIBUTES}{MODIFIERS}{KINDS}[?!]?\s*([^\s(:<{{=,]*)')

# Their documentation comes from Codable, CustomStringConvertible, Hashable, Equatable, Comparable and RawRepresentable.
WITNESSES = re.compile(r'init\(from \w+: (any )?Decoder|func encode\(to \w+: (any )?Encoder|var (debugD|d)escription: String'
                       r'|func hash\(into |static func (==|<) ?\(')


def code_only(line, in_text):
    """The line without comments and the content of strings; and whether a multi-line string goes on."""
    result, index, in_string = '', 0, False
    while index < len(line):
        if line.startswith('"""', index):
            in_text, index = not in_text, index + 3
            continue
        character = line[index]
        if in_text:
            index += 1
        elif in_string:
            in_string = character != '"'
            index += 2 if character == '\\' else 1
        elif character == '"':
            in_string, index = True, index + 1
        elif line.startswith('//', index):
            break
        else:
            result += character
            index += 1
    return result, in_text


def signature(lines, start):
    """A declaration up to its body, or to the line that ends it, on one line."""
    text = lines[start]
    for line in lines[start + 1:start + 40]:
        is_open = text.count('(') > text.count(')')
        goes_on = line.strip().startswith(('throws', 'rethrows', 'async', '->', 'where', '{'))
        if not is_open and ('{' in text or not goes_on):
            break
        text += ' ' + line
    return text


def throws(text):
    """Whether the function itself throws, and not only a closure that it takes."""
    start = text.find('(')
    if start < 0:
        return bool(re.search(r'\bget\b[^}]*\bthrows\b', text))
    depth = 0
    for index in range(start, len(text)):
        depth += {'(': 1, ')': -1}.get(text[index], 0)
        if depth == 0:
            rest = re.split(r'->|\{', text[index + 1:])[0]
            return bool(re.search(r'\bthrows\b', rest))
    return False


def documentation(raw, index):
    """The documentation comment before a line; attributes may stand between."""
    index -= 1
    while index >= 0 and re.match(r'^\s*@[\w.]+(\(.*\))?\s*$', raw[index]):
        index -= 1
    comment = []
    while index >= 0 and raw[index].strip().startswith('///'):
        comment.append(raw[index])
        index -= 1
    return comment


def problems(path):
    raw = path.read_text().splitlines()
    code, in_text = [], False
    for line in raw:
        stripped, in_text = code_only(line, in_text)
        code.append(stripped)
    undocumented, silent = [], []
    scopes = []  # (depth inside, kind) of public enums and protocols
    depth, last_case = 0, -2
    for index, line in enumerate(code):
        scopes = [scope for scope in scopes if scope[0] <= depth]
        public = PUBLIC.match(line)
        inner = MEMBER.match(line) if scopes and scopes[-1][0] == depth else None
        kind = name = None
        if public:
            kind, name = public.groups()
        elif inner and (scopes[-1][1] == 'protocol' or inner.group(1) == 'case'):
            kind, name = inner.groups()
        depth += line.count('{') - line.count('}')
        if kind in ('enum', 'protocol') and public and depth > 0 and '{' in line:
            scopes.append((depth, kind))
        if kind is None or kind == 'extension':
            continue
        text = signature(code, index)
        if WITNESSES.search(text):
            continue
        comment = documentation(raw, index)
        if not comment:
            undocumented.append((index + 1, f'{kind} {name}'.strip()))
        if kind in ('func', 'init', 'var', 'subscript') and throws(text) and 'Throws:' not in ' '.join(comment):
            silent.append((index + 1, f'{kind} {name}'.strip()))
    return undocumented, silent


def folders(names):
    sources = ROOT / 'Sources'
    all_targets = {folder.name: folder for parent in (sources, sources / 'Generators') for folder in sorted(parent.iterdir())
                   if folder.is_dir() and folder.name != 'Generators'}
    if names:
        unknown = [name for name in names if name not in all_targets]
        if unknown:
            print(f"no such target: {', '.join(unknown)}", file=sys.stderr)
            sys.exit(2)
        return [all_targets[name] for name in names]

    def is_executable(folder):
        return any(path.name == 'main.swift' or '@main' in path.read_text() for path in folder.rglob('*.swift'))
    return [folder for folder in all_targets.values() if not is_executable(folder)]


def main():
    counts = [0, 0]
    for folder in folders(sys.argv[1:]):
        for path in sorted(folder.rglob('*.swift')):
            undocumented, silent = problems(path)
            place = path.relative_to(ROOT)
            for line, symbol in undocumented:
                print(f'{place}:{line}: {symbol} is public and not documented')
            for line, symbol in silent:
                print(f'{place}:{line}: {symbol} throws and has no "- Throws:"')
            counts[0] += len(undocumented)
            counts[1] += len(silent)
    print(f'{counts[0]} public symbols without documentation, {counts[1]} throwing functions without "Throws:"')
    sys.exit(1 if any(counts) else 0)


if __name__ == '__main__':
    main()
