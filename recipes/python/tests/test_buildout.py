"""Sections of the host as zc.buildout has them."""

from __future__ import annotations

import zc.buildout
from zc.buildout.buildout import MissingOption, MissingSection, bool_option

from .support import HostTest, Part


class BuildoutTest(HostTest):
    def test_a_section_is_a_mapping(self) -> None:
        buildout, lent = self.buildout(other={"a": "1", "b": "2"})
        other = buildout["other"]
        self.assertEqual(dict(other), {"a": "1", "b": "2"})
        self.assertEqual((other["a"], other.get("a"), other.get("c"), other.get("c", "d")), ("1", "1", None, "d"))
        self.assertTrue("a" in other and "c" not in other)
        self.assertEqual(lent.initialized, ["other"])
        self.assertEqual(buildout.get("nothing", {}), {})
        self.assertFalse("nothing" in buildout)
        self.assertEqual(list(buildout), ["buildout", "versions", "other"])

    def test_what_is_missing(self) -> None:
        buildout, _ = self.buildout(other={})
        with self.assertRaises(MissingSection) as section:
            buildout["nothing"]
        self.assertEqual(str(section.exception), "The referenced section, 'nothing', was not defined.")
        self.assertEqual(section.exception.lookup.reference, 7)
        with self.assertRaises(MissingOption) as option:
            buildout["other"]["x"]
        self.assertEqual(option.exception.lookup.reference, 8)
        self.assertIsInstance(option.exception, KeyError)

    def test_the_options_of_a_part(self) -> None:
        buildout, lent = self.buildout(part={"recipe": "x", "value": "1"})
        options = buildout.part(Part(lent, "part"))
        self.assertIs(buildout["part"], options)
        options["made"] = "2"
        options.setdefault("value", "other")
        options.update({"more": "3"})
        self.assertEqual(options.pop("more"), "3")
        del options["value"]
        self.assertEqual(lent.sections_["part"], {"recipe": "x", "made": "2"})
        with self.assertRaises(TypeError):
            options["number"] = 1
        with self.assertRaises(KeyError):
            del options["nothing"]

    def test_templates_are_zc_buildouts_own(self) -> None:
        buildout, lent = self.buildout(part={"value": "1"}, other={"a": "b"})
        options = buildout.part(Part(lent, "part"))
        self.assertEqual(options._sub("${other:a} ${:value} ${part:value}", []), "b 1 1")
        with self.assertRaises(zc.buildout.UserError):
            options._sub("${nocolon}", [])

    def test_created_counts_only_while_a_part_is_made(self) -> None:
        buildout, lent = self.buildout(part={})
        options = buildout.part(Part(lent, "part"))
        with self.assertRaises(TypeError):
            options.created("/a")
        self.assertEqual(options.installing(lambda: options.created("/a", "/b")), ["/a", "/b"])
        with self.assertRaises(TypeError):
            options.created("/a")

    def test_sections_are_added(self) -> None:
        buildout, lent = self.buildout()
        buildout.parse("\n[new]\nvalue = 1\n  2\n")
        self.assertEqual(lent.sections_["new"], {"value": "1\n2"})
        buildout["also"] = {"number": 1}
        self.assertEqual(buildout["also"]["number"], "1")
        with self.assertRaises(KeyError):
            buildout["also"] = {}
        buildout._raw["also"]["raw"] = "${a:b}"
        self.assertEqual(lent.sections_["also"], {"number": "1", "raw": "${a:b}"})

    def test_what_zc_buildout_keeps_in_attributes(self) -> None:
        section = {"directory": "/b", "versions": "pins", "newest": "true", "offline": "false", "find-links": "a b"}
        buildout, _ = self.buildout(buildout=section, pins={"x": "1"})
        self.assertEqual((buildout.newest, buildout.offline, buildout._links), (True, False, ["a", "b"]))
        self.assertEqual(dict(buildout.versions), {"x": "1"})
        buildout.newest = False
        self.assertFalse(buildout.newest)
        with self.assertRaises(AttributeError):
            buildout.no_such_thing
        self.assertFalse(bool_option(buildout["buildout"], "offline"))
