"""A run whose standard error is a terminal shows a bar there, and its table goes to standard output."""

import os
import pty
import subprocess
import threading

from integration.runs import PROGRAM


def test_the_table_of_sequences_beside_a_bar(bench):
    source = bench.file("in.fa", b"".join(b">s%d\nACGTTGACCAACGT\n" % number for number in range(600)))
    plain = subprocess.run([*PROGRAM, "score", source, "--models", "KLF4"], capture_output=True, check=True)
    ours, theirs = pty.openpty()
    shown = []

    def read():
        while True:
            try:
                text = os.read(ours, 1 << 12)
            except OSError:  # the other end is closed
                return
            shown.append(text)

    reader = threading.Thread(target=read)
    reader.start()
    words = [*PROGRAM, "score", str(source), "--models", "KLF4"]
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "100"}
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=theirs, env=environment, check=True)
    os.close(theirs)
    reader.join()
    os.close(ours)
    assert done.stdout == plain.stdout
    assert b"sequences" in b"".join(shown)
    assert plain.stderr == b""
