"""What the use cases need from outside: promises that adapters keep."""
