#include "explore.h"
#include "programs.h"

const Program programs[] = {
	{"random", "random calls on channels and tasks, that are closed and killed in the end", randomclose, false, false},
	{"randomfree", "the same, and all channels freed while others wait", randomfree, true, false},
};
const int nprogram = sizeof programs/sizeof programs[0];
