"""The command ``ramekin``, also as ``python -m ramekin``."""


def run() -> None:
    """Run the command line. An interrupt while it is imported is no fault."""
    try:
        from ramekin.cli import main
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    main.run()


if __name__ == "__main__":
    run()
