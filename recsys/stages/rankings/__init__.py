"""The lists themselves: the best candidates, varied, explained and filled."""
