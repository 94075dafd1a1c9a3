"""`python -m varbind`."""

from varbind.cli.main import run

if __name__ == "__main__":
    run()
