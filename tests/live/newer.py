"""A worker of a later version, to which what a stage has saved means something else."""

from pipeline.__main__ import main
from pipeline.snapshot import FORMS

if __name__ == "__main__":
    FORMS["judge"] += 1
    main()
