"""Runs the tests of the modules that are named, and prints `ok NAME` or `failed NAME` for each."""

import sys
import unittest


class Lines(unittest.TextTestResult):
    def _line(self, word, test):
        print(word, test.id(), flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("failed", test)

    def addError(self, test, err):
        super().addError(test, err)
        self._line("failed", test)


suite = unittest.defaultTestLoader.loadTestsFromNames(sys.argv[1:])
unittest.TextTestRunner(resultclass=Lines, stream=sys.stderr).run(suite)
