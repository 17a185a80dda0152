"""`python -m localdial_server` is the command `localdial`."""

from localdial_server.cli import main

if __name__ == "__main__":
    main()
