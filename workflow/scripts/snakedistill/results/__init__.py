"""Tables, figures and the summary of a run, beside reference numbers where there are some."""
