"""Reads pictures back: elements, and the boxes of the letters, by a slow and obvious walk along each path."""

import re
from xml.etree import ElementTree as ET

SVG = "{http://www.w3.org/2000/svg}"


def parsed(text):
    return ET.fromstring(text)


def words_of(root):
    """All texts that are visible, in their order."""
    return [element.text for element in root.iter(f"{SVG}text")]


def points_of(steps):
    """The points of each closed outline of a path of the commands M, l, c and z."""
    outlines, here, start = [], (0, 0), (0, 0)
    for command, numbers in re.findall(r"([A-Za-z])([-\d. ]*)", steps):
        values = list(map(float, numbers.split()))
        pairs = list(zip(values[::2], values[1::2], strict=True))
        if command == "M":
            outlines.append(pairs)
            here = start = pairs[0]
        elif command == "z":
            here = start
        else:
            pairs = [(here[0] + x, here[1] + y) for x, y in pairs]
            outlines[-1] += pairs
            here = pairs[-1]
    return outlines


def letter_boxes(root):
    """Colour, left, top, right and bottom of each outline of a letter, in pixels, from left to right."""
    found = []
    for group in root.iter(f"{SVG}g"):
        assert group.get("transform") == "scale(.1)"
        for shape in group:
            for points in points_of(shape.get("d")):
                xs, ys = ([point[axis] / 10 for point in points] for axis in (0, 1))
                found.append((shape.get("fill"), min(xs), min(ys), max(xs), max(ys)))
    return sorted(found, key=lambda box: (box[1], box[2]))
