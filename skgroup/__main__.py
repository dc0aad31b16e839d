"""``python -m skgroup`` is the command line."""

from skgroup.cli import main

raise SystemExit(main())
