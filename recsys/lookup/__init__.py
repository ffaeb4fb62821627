"""The lookup: what one listener's app asks for, answered from files that ``publish`` made ready. It only reads."""
