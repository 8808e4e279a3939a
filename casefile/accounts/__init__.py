"""People, invitations, sign-in and sessions."""
