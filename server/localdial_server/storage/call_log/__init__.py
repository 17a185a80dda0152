"""The record of outbound calls: committed in groups, kept on disk while the database is down."""
