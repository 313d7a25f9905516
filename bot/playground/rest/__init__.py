"""Answer Discord's REST routes, one module for each family."""
