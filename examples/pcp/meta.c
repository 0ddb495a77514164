/* Owner, mode and times of a copy. */
#include <u.h>
#include <libc.h>
#include <thread.h>
#include "pcp.h"

static uid_t uid;		/* ours: not asked for with each file */
static gid_t gid;

void
metainit(void)
{
	uid = geteuid();
	gid = getegid();
}

/* only root gives files away */
static int
giveaway(struct stat *st)
{
	return uid == 0 && (st->st_uid != 0 || st->st_gid != gid);
}

/* those whose names it is made of are not to run for somebody else */
static mode_t
lastmode(struct stat *st)
{
	mode_t m;

	m = st->st_mode & 07777;
	if(uid != 0 && (st->st_uid != uid || st->st_gid != gid))
		m &= ~(mode_t)(S_ISUID|S_ISGID);
	return m;
}

/* a file that is given away later is nobody else's until then */
mode_t
firstmode(struct stat *st)
{
	return st->st_mode & (giveaway(st)? 0700: 0777);
}

int
settimes(int fd, char *to, struct stat *st)
{
	struct timespec t[2] = {st->st_atim, st->st_mtim};

	if(fd >= 0)
		return futimens(fd, t);
	return utimensat(AT_FDCWD, to, t, AT_SYMLINK_NOFOLLOW);
}

static int
setowner(int fd, char *to, struct stat *st)
{
	if(!giveaway(st))
		return 0;
	if(fd >= 0)
		return fchown(fd, st->st_uid, st->st_gid);
	return lchown(to, st->st_uid, st->st_gid);
}

/* fresh: it was made with firstmode */
static int
setmode(int fd, char *to, struct stat *st, int fresh)
{
	if(S_ISLNK(st->st_mode) || (fresh && firstmode(st) == lastmode(st)))
		return 0;
	if(fd >= 0)
		return fchmod(fd, lastmode(st));
	return chmod(to, lastmode(st));
}

/* of the file that is open at fd, or, if that is -1, named to */
int
setmeta(int fd, char *to, struct stat *st, int fresh)
{
	int bad;

	bad = 0;
	/* the owner first: that takes bits away from the mode */
	if(setowner(fd, to, st) < 0){
		complain(to, "chown");
		bad = -1;
	}
	if(setmode(fd, to, st, fresh) < 0){
		complain(to, "chmod");
		bad = -1;
	}
	if(settimes(fd, to, st) < 0){
		complain(to, "utime");
		bad = -1;
	}
	return bad;
}
