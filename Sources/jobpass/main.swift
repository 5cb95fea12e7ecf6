print("jobpass: not yet written")
