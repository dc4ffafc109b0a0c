print("world-data")
