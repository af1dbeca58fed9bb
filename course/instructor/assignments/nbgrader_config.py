"""Settings of nbgrader for the course's masters: what a student finds where a solution stood, and times."""

c = get_config()  # noqa: F821, nbgrader gives it

c.CourseDirectory.course_id = "l0lib"
c.ClearSolutions.code_stub = {"python": "...  # your code"}
c.ClearSolutions.text_stub = "*Your answer.*"
c.ExecutePreprocessor.timeout = 120
