"""``python -m pipeline``: the command ``netvigil``."""

from pipeline.cli.arguments import main

if __name__ == "__main__":
    main()
