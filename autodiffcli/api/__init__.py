"""What `import autodiffcli` offers: each command of the command line as one call."""
