import subprocess
import sys
import threading
from pathlib import Path

from app import preparing
from app.preparing import Preparing
from app.settings import ROOT


def waiting(directory: Path) -> threading.Thread:
    thread = threading.Thread(target=preparing.wait, args=(directory,), daemon=True)
    thread.start()
    return thread


def test_where_nobody_ever_prepared_nobody_waits(tmp_path: Path) -> None:
    preparing.wait(tmp_path)


def test_all_wait_until_it_is_done(tmp_path: Path) -> None:
    with Preparing(tmp_path) as ours:
        threads = [waiting(tmp_path), waiting(tmp_path)]
        threads[0].join(0.1)
        assert all(thread.is_alive() for thread in threads)
        ours.done()
        for thread in threads:
            thread.join(10)
        assert not any(thread.is_alive() for thread in threads)


def test_who_dies_while_preparing_holds_up_nobody(tmp_path: Path) -> None:
    program = "import sys, time\nfrom pathlib import Path\nfrom app.preparing import Preparing\n"
    program += "with Preparing(Path(sys.argv[1])):\n    print('holds', flush=True)\n    time.sleep(600)"
    with subprocess.Popen([sys.executable, "-c", program, str(tmp_path)], cwd=ROOT, stdout=subprocess.PIPE) as other:
        assert other.stdout
        other.stdout.readline()
        thread = waiting(tmp_path)
        thread.join(0.1)
        assert thread.is_alive()
        other.kill()
        thread.join(10)
        assert not thread.is_alive()
