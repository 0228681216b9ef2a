"""`python -m toolbench_eval`."""

from toolbench_eval.cli.main import main

main()
