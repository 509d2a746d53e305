"""The full-screen client: a model that draws nothing, and a screen that knows no chat."""
