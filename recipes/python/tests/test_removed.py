"""What other names stand for."""

import unittest

from buildout_runtime import removed


class RemovedTest(unittest.TestCase):
    def test_the_module_that_setuptools_removed(self) -> None:
        removed.install()
        # As mr.developer 2.0.1 does.
        from setuptools.package_index import PackageIndex, safe_name

        self.assertEqual(safe_name("a b_c"), "a-b-c")
        self.assertTrue(callable(PackageIndex))


if __name__ == "__main__":
    unittest.main()
