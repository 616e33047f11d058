"""Qt and VTK: windows, viewports, panels. Holds no truth of its own."""
