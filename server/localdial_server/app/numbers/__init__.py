"""The use cases of the inventory: search, purchase, import, map, delete, settle, reconcile."""
