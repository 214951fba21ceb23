"""The commands of each subject; anju/main.py has those of the program itself."""
