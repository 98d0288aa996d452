"""What happened: report, mail, safety net."""
