"""Evaluation: test sets and banks enter, tables and a figure of who predicts binding how well leave."""
