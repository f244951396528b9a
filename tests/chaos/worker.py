"""`scryon worker` whose messages to phones go to a double: firebase-admin has no setting for where they go."""

import sys

from firebase_admin import messaging

import app.settings
from app.cli import cli


def main() -> None:
    """Work as the environment says; the arguments are the addresses of messages and of bearers."""
    messaging._MessagingService.FCM_URL, app.settings.GOOGLE_TOKEN_URL = sys.argv[1:]
    cli(["worker"])


if __name__ == "__main__":
    main()
