"""Speech: the texts of scripts as audio, made once and kept."""
