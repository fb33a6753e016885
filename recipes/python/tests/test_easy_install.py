"""`zc.buildout.easy_install` over the host's distributions."""

from __future__ import annotations

import os

import zc.buildout
import zc.buildout.easy_install as real
from buildout_runtime import easy_install
from componentize_py_types import Err
from wit_world.imports import distributions as wit

from .support import HostTest, replace


class EasyInstallTest(HostTest):
    def setUp(self) -> None:
        super().setUp()
        replace(self, real, Installer=easy_install.Installer, develop=easy_install.develop)
        self.asked: list[tuple[object, ...]] = []

        def install(*arguments: object) -> list[wit.Distribution]:
            self.asked.append(arguments)
            return [self.distribution("demo", "1.0", wit.DistributionKind.EGG)]

        replace(self, wit, install=install)

    def distribution(self, name: str, version: str, kind: wit.DistributionKind) -> wit.Distribution:
        egg = os.path.join(self.directory, f"{name}-{version}-py3.11.egg")
        os.makedirs(os.path.join(egg, "EGG-INFO"), exist_ok=True)
        with open(os.path.join(egg, "EGG-INFO", "entry_points.txt"), "w") as file:
            file.write(f"[console_scripts]\n{name} = {name}.cli:main\n")
        return wit.Distribution(name, version, egg, os.path.join(egg, "EGG-INFO"), kind, [])

    def test_a_working_set_is_what_the_host_found(self) -> None:
        ws = real.install(["demo"], self.directory, path=["/develop"], newest=False)
        self.assertEqual([(found.project_name, found.version) for found in ws], [("demo", "1.0")])
        requirements, begin, settings = self.asked[0]
        self.assertEqual((requirements, begin), (["demo"], []))
        assert isinstance(settings, wit.Settings)
        self.assertEqual(settings.destination, wit.Destination_Directory(self.directory))
        self.assertEqual((settings.path, settings.newest, settings.versions), (["/develop"], False, None))
        self.assertEqual(list(ws.by_key["demo"].get_entry_map("console_scripts")), ["demo"])

    def test_the_order_is_that_of_the_host_and_developed_projects_come_first_when_sorted(self) -> None:
        kinds = wit.DistributionKind
        found = [
            self.distribution(name, "1.0", kind)
            for name, kind in (("one", kinds.EGG), ("mine", kinds.DEVELOP), ("two", kinds.EGG), ("three", kinds.EGG))
        ]
        replace(self, wit, install=lambda *_: found)
        replace(self, wit, sort=lambda given: sorted(given, key=lambda one: one.kind is not kinds.DEVELOP))
        ws = real.install(["one"], self.directory)
        self.assertEqual([one.project_name for one in ws], ["one", "mine", "two", "three"])
        ordered = easy_install.sort_working_set(ws, self.directory, self.directory)
        self.assertEqual([one.project_name for one in ordered], ["mine", "one", "two", "three"])

    def test_scripts_are_zc_buildouts_own(self) -> None:
        ws = real.install(["demo"], self.directory)
        made = real.scripts(["demo"], ws, real.sys.executable, self.directory)
        self.assertEqual(made, [os.path.join(self.directory, "demo")])
        with open(made[0]) as file:
            self.assertIn("import demo.cli", file.read())

    def test_nothing_is_installed_where_there_is_no_destination(self) -> None:
        real.working_set(["demo"], [self.directory])
        settings = self.asked[0][2]
        assert isinstance(settings, wit.Settings)
        self.assertEqual(settings.destination, wit.Destination_Nowhere())

    def test_errors_are_zc_buildouts(self) -> None:
        for error, kind in (
            (wit.DistributionError_Missing("no demo"), real.MissingDistribution),
            (wit.DistributionError_Conflict("1 and 2"), real.VersionConflict),
            (wit.DistributionError_Pin("pinned"), real.IncompatibleConstraintError),
            (wit.DistributionError_Picked("picked"), zc.buildout.UserError),
            (
                wit.DistributionError_Build(wit.FailedBuild("no compiler", ["cc: not found"], None)),
                zc.buildout.UserError,
            ),
        ):
            with self.subTest(kind):

                def fail(*_: object, error: object = error) -> None:
                    raise Err(error)

                replace(self, wit, install=fail)
                with self.assertRaises(kind) as raised:
                    real.install(["demo"], self.directory)
                self.assertIn(getattr(error.value, "message", error.value), str(raised.exception))

    def test_a_project_is_developed(self) -> None:
        asked = []
        replace(self, wit, develop=lambda *arguments: asked.append(arguments) or "/d/demo.egg-link")
        self.assertEqual(real.develop("/src/demo", "/d", {"include-dirs": "/i"}), "/d/demo.egg-link")
        self.assertEqual(asked[0][:2], ("/src/demo", "/d"))
        self.assertEqual(asked[0][2].extensions, [("include-dirs", "/i")])

    def test_what_the_section_buildout_says_is_left_to_the_host(self) -> None:
        buildout, _ = self.buildout(buildout={"directory": "/b", "eggs-directory": "/b/eggs", "versions": "versions"})
        settings = easy_install.Settings()
        settings.begin(buildout)
        self.assertIsNone(settings.changed(real.Installer, "_prefer_final"))
        real.Installer._prefer_final = False
        self.assertIs(settings.changed(real.Installer, "_prefer_final"), False)
        self.assertEqual(len(real.Installer._versions), 0)
