"""Change the tree of a story: edit, take back, branch, roll back and forward."""
