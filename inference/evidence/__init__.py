"""What a reader, human or model, achieves: figures with intervals, from marks and truth. numpy only."""
