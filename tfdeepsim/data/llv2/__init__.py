"""LLv2: frames of LunarLander labelled with the position of the lander."""
