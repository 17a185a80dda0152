"""The SQL store: schema, migrations and queries behind the ports of ``app``."""
