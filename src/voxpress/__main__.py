from voxpress.cli import main

main()
