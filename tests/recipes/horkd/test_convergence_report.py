"""`benchmarks/horkd_convergence/report.py` prints and draws what the results files hold."""

import json
import subprocess
import sys
from pathlib import Path

PROGRAM = Path(__file__).parents[3] / "benchmarks" / "horkd_convergence" / "report.py"


def test_sizes_are_printed_and_drawn_per_task(tmp_path):
    def curve(recall):
        scores = {"recall@1": recall, "recall@8": 0.5, "map": 0.1}
        return [{"steps": 10, "scores": {"0": scores, "1": scores}}]

    rows = {
        f"{row}, LR smaller by {factor}": curve(0.1 * (index + 1) / factor)
        for index, row in enumerate(("plain", "start", "horkd_123"))
        for factor in (4, 8, 2)
    }
    results = {"task": "retrieval", "sizes": {"rows": rows}}
    (tmp_path / "retrieval.json").write_text(json.dumps(results))
    done = subprocess.run(
        [sys.executable, PROGRAM, tmp_path], check=True, capture_output=True, text=True
    )
    cells = "| 10 | 15.0 ± 0.0 | 50.0 ± 0.0 | 10.0 ± 0.0 | +0.0 |"
    assert f"| HORKD 1 2 3, LR smaller by 2 {cells}" in done.stdout
    assert (tmp_path / "sizes.png").exists()
    assert not (tmp_path / "curves.png").exists()
